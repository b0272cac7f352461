"""Referential integrity: users have profiles."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.quality.check import Check, Problem
from pipelines.quality.daily import Batch
from pipelines.quality.rows import some

_MOST_MORE = 0.05


def _look(batch: Batch) -> Iterator[Problem]:
    if batch.is_young or not batch.has_profiles:
        return
    usual = float(batch.usual("unknown").max())
    for day in batch.present():
        share = float(batch.days["unknown"][day])
        if share > usual + _MOST_MORE:
            rows = batch.of_day(day)
            yield Problem(
                "critical",
                f"{day:%Y-%m-%d}: {share:.0%} of the transactions are of users without a profile, and were "
                f"{usual:.0%} at most: see whether profiles came through, or ids have changed",
                some(rows[rows["is_unknown"]], ("transaction_id", "user_id", "timestamp")),
            )


CHECKS = (Check("unknown_users", "Do users have profiles?", _look),)
