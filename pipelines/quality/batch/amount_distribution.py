"""Amounts distributed as before, whatever their mean: the test of Kolmogorov and Smirnov."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.stats import ks_2samp

from pipelines.quality.check import Check, Problem
from pipelines.quality.daily import Batch
from pipelines.quality.rows import some

_LARGE, _MODERATE = 0.3, 0.15
_CHANCE = 1e-6
_MOST = 50_000
"""More values tell nothing more of a distance of 0.15."""


def _look(batch: Batch) -> Iterator[Problem]:
    if batch.is_young:
        return
    before = batch.transactions["day"].isin(batch.baseline)
    usual = _spread(batch.transactions.loc[before, "amount_minor"].to_numpy())
    for day in batch.present():
        rows = batch.of_day(day)
        test = ks_2samp(usual, _spread(rows["amount_minor"].to_numpy()), method="asymp")
        if test.statistic > _MODERATE and test.pvalue < _CHANCE:
            yield Problem(
                "critical" if test.statistic > _LARGE else "warning",
                f"{day:%Y-%m-%d}: amounts are distributed otherwise than before (Kolmogorov-Smirnov distance "
                f"{test.statistic:.2f}): see which part of them has changed",
                some(rows, ("transaction_id", "amount_minor", "currency")),
            )


def _spread(values: np.ndarray[tuple[int], np.dtype[np.int64]]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return values[:: max(1, len(values) // _MOST)]


CHECKS = (Check("amount_distribution", "Are amounts distributed as before?", _look),)
