"""Mean and spread of a day's amounts within what they were on the days before."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.quality.check import Check, Problem
from pipelines.quality.daily import Batch
from pipelines.quality.rows import some

_STATISTICS = {"log_mean": "geometric mean", "log_std": "spread"}
_SIGMAS = 6.0
_LEAST, _MUCH = 0.1, 0.3
"""Decades: amounts span several, and their arithmetic mean is one large purchase's. So is the spread of a
small day, which is why it ends no night."""


def _look(batch: Batch) -> Iterator[Problem]:
    if batch.is_young:
        return
    for name, words in _STATISTICS.items():
        usual = batch.usual(name)
        middle = float(usual.median())
        sigma = 1.4826 * float((usual - middle).abs().median())  # of a normal distribution, by its median
        for day in batch.present():
            value = float(batch.days[name][day])
            off = abs(value - middle)
            if off > max(_SIGMAS * sigma, _LEAST):
                yield Problem(
                    "critical" if name == "log_mean" and off > max(_SIGMAS * sigma, _MUCH) else "warning",
                    f"{day:%Y-%m-%d}: the {words} of the amounts is {10**value:,.2f} (as a "
                    f"{'number of minor units' if name == 'log_mean' else 'factor'}), and usually "
                    f"{10**middle:,.2f}: see what is bought, or whether amounts are as sent",
                    some(batch.of_day(day), ("transaction_id", "amount_minor", "currency")),
                )


CHECKS = (Check("amount_statistics", "Are mean and spread of the amounts in their range?", _look),)
