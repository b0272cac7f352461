"""Event times as far before arrival as usual: a day shifted by a day arrives a day late."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.quality.check import Check, Problem
from pipelines.quality.daily import Batch
from pipelines.quality.rows import some

_STEADY_S, _MOST_S = 3_600.0, 6 * 3_600.0


def _look(batch: Batch) -> Iterator[Problem]:
    if batch.is_young:
        return
    usual = batch.usual("lag_s")
    if usual.max() - usual.min() > _STEADY_S:
        return  # history that was played in tells nothing about clocks
    for day in batch.present():
        rows = batch.of_day(day)
        lag = (rows["arrival_time"] - rows["timestamp"]).dt.total_seconds() - float(usual.median())
        shifted = rows[lag.abs() > _MOST_S]
        if len(shifted) > 0.05 * len(rows):
            hours = float(lag[shifted.index].median()) / 3_600
            yield Problem(
                "critical",
                f"{day:%Y-%m-%d}: {len(shifted):,} of {len(rows):,} transactions arrived {hours:+.1f} hours "
                "from when they usually do: see whether their timestamps are shifted",
                some(shifted, ("transaction_id", "timestamp", "arrival_time")),
            )


CHECKS = (Check("clock", "Do transactions arrive as long after their time as usual?", _look),)
