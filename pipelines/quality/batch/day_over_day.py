"""No step from one day to the next that no day before took."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import numpy as np

from pipelines.quality.check import Check, Problem
from pipelines.quality.daily import Batch

_STEPS = {"rows": "transactions", "amount": "the median amount"}
_SLACK = 1.25
_LEAST = 1.5


def _look(batch: Batch) -> Iterator[Problem]:
    if batch.is_young:
        return
    for name, words in _STEPS.items():
        steps = np.abs(np.diff(np.log(batch.usual(name).to_numpy(np.float64))))
        most = max(float(np.exp(steps.max())) * _SLACK, _LEAST)
        for day in batch.present():
            before = day - timedelta(days=1)
            if before not in batch.days.index:
                continue
            was, now = float(batch.days[name][before]), float(batch.days[name][day])
            if not 1 / most <= now / was <= most:
                yield Problem(
                    "warning",
                    f"{day:%Y-%m-%d}: {words} went from {was:,.0f} to {now:,.0f} in a day, by a factor of "
                    f"{now / was:.2f}; no day before went by more than {most / _SLACK:.2f}: see what changed",
                    [{"day": f"{one:%Y-%m-%d}", name: float(batch.days[name][one])} for one in (before, day)],
                )


CHECKS = (Check("day_over_day", "Does any day differ from the one before as none did?", _look),)
