"""As many transactions as on other days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from pipelines.quality.check import Check, Problem
from pipelines.quality.daily import Batch

_LEAST, _FEW, _MANY = 0.75, 0.85, 1.6
_LEAST_WEEKS = 3


def _look(batch: Batch) -> Iterator[Problem]:
    for day in batch.examined:
        rows = int(batch.days["rows"].get(day, 0))
        if not rows:
            yield Problem("critical", f"{day:%Y-%m-%d} has no transactions: see whether the stream runs")
        elif not batch.is_young:
            yield from _compared(batch, day, rows)


def _compared(batch: Batch, day: datetime, rows: int) -> Iterator[Problem]:
    usual = batch.usual("rows")
    weekday = usual[[one.weekday() == day.weekday() for one in usual.index]]
    expected = float((weekday if len(weekday) >= _LEAST_WEEKS else usual).median())
    share = rows / expected
    compared = f"{day:%Y-%m-%d} has {rows:,} transactions, {share:.0%} of the usual {expected:,.0f}"
    if share < _LEAST:
        yield Problem("critical", f"{compared}: some are lost")
    elif share < _FEW:
        yield Problem("warning", f"{compared}: see whether some are lost")
    elif share > _MANY:
        yield Problem("critical", f"{compared}: see whether some were sent twice, or belong to another day")


CHECKS = (Check("volume", "Does every day have as many transactions as usual?", _look),)
