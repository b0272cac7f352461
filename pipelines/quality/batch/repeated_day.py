"""No day that is the one before once more."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.quality.check import Check, Problem
from pipelines.quality.daily import Batch
from pipelines.quality.rows import some

_MOST = 0.2


def _look(batch: Batch) -> Iterator[Problem]:
    for day in batch.present():
        share = float(batch.days["repeated"][day])
        if share > _MOST:
            rows = batch.of_day(day)
            yield Problem(
                "critical",
                f"{day:%Y-%m-%d}: {share:.0%} of the transactions are those of the day before, at the same "
                "time of day: it was delivered again under new ids",
                some(rows[rows["is_repeated"]], ("transaction_id", "user_id", "merchant_id", "timestamp")),
            )


CHECKS = (Check("repeated_day", "Is any day the one before once more?", _look),)
