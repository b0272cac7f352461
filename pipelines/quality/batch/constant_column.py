"""No column that has one value only."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.quality.check import Check, Problem
from pipelines.quality.daily import COLUMNS, Batch
from pipelines.quality.rows import some

_LEAST_ROWS = 50


def _look(batch: Batch) -> Iterator[Problem]:
    if batch.is_young:
        return
    for name in COLUMNS:
        if batch.usual(f"distinct_{name}").min() < 2:
            continue  # it is so on other days too
        for day in batch.present():
            if batch.days["rows"][day] >= _LEAST_ROWS and batch.days[f"distinct_{name}"][day] == 1:
                rows = batch.of_day(day)
                value = rows[name].dropna().iloc[0]
                yield Problem(
                    "critical",
                    f"{day:%Y-%m-%d}: {name} is {value!r} in every transaction: see who fills it",
                    some(rows, ("transaction_id", name)),
                )


CHECKS = (Check("constant_column", "Has any column one value only?", _look),)
