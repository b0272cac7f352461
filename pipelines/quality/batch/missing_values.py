"""No column that lacks more values than usual."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.quality.check import Check, Problem
from pipelines.quality.daily import COLUMNS, Batch
from pipelines.quality.rows import some

_MOST_MORE, _MORE = 0.15, 0.05


def _look(batch: Batch) -> Iterator[Problem]:
    if batch.is_young:
        return
    for name in COLUMNS:
        usual = float(batch.usual(f"missing_{name}").max())
        for day in batch.present():
            share = float(batch.days[f"missing_{name}"][day])
            if share > usual + _MORE:
                rows = batch.of_day(day)
                yield Problem(
                    "critical" if share > usual + _MOST_MORE else "warning",
                    f"{day:%Y-%m-%d}: {name} is missing in {share:.0%} of the transactions, and was in "
                    f"{usual:.0%} at most: see who fills it",
                    some(rows[rows[name].isna()], ("transaction_id", "user_id", "timestamp")),
                )


CHECKS = (Check("missing_values", "Does any column lack more values than usual?", _look),)
