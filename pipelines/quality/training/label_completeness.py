"""Labels for every day: one without any has lost them."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from pipelines.quality.check import Check, Problem
from pipelines.quality.splits import TrainingSet

_LEAST_EXPECTED = 8.0


def _look(data: TrainingSet) -> Iterator[Problem]:
    rows = pd.concat(data.splits.values())
    if rows.empty:
        return
    labelled = rows["transaction_id"].isin(set(data.labels["transaction_id"]))
    by_day = labelled.groupby(rows["timestamp"].dt.floor("D")).agg(["sum", "size"])
    share = labelled.mean()
    lost = by_day[(by_day["sum"] == 0) & (by_day["size"] * share >= _LEAST_EXPECTED)]
    if len(lost):
        days = ", ".join(f"{day:%Y-%m-%d}" for day in lost.index[:5])
        yield Problem(
            "critical",
            f"{len(lost)} days have no label at all ({days}{', ...' if len(lost) > 5 else ''}), where "
            f"{share:.2%} of all transactions have one: see whether labels came through",
            [
                {"day": f"{day:%Y-%m-%d}", "transactions": int(row["size"]), "labels": 0}
                for day, row in lost.head(10).iterrows()
            ],
        )


CHECKS = (Check("label_completeness", "Has every day labels?", _look),)
