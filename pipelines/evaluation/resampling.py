"""The bootstrap by card: how much a figure would move with other customers.

Transactions of one card resemble one another, so cards are drawn, with replacement, and each comes with all
of its transactions (the cluster bootstrap: Field and Welsh, Bootstrapping clustered data, 2007). A resample
is a weight for each card, how often it was drawn. Statistics of several models on the same resample are
paired: what the drawn customers do to both of them cancels in the difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

RESAMPLES = 1_000
SEED = 20_260_301
_LEVEL = 0.95

Weights = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.float64]


class Cards(NamedTuple):
    """Whose transactions the rows are.

    Attributes:
        of_row: [rows] number of the card.
        number: how many cards there are.
    """

    of_row: npt.NDArray[np.int64]
    number: int

    @classmethod
    def of(cls, user_ids: pd.Series) -> Cards:
        """Cards numbered as they first appear."""
        codes, names = pd.factorize(user_ids)
        return cls(codes.astype(np.int64), len(names))

    def once(self) -> Weights:
        """The weights that leave the data as it is."""
        return np.ones(self.number)


class Statistic(Protocol):
    """Figures of one model."""

    def of(self, weights: Weights) -> Numbers:
        """The figures with each card counted as often as its weight says; NaN where there is none."""
        ...


def resample(
    cards: Cards, statistics: Sequence[Statistic], resamples: int = RESAMPLES, seed: int = SEED
) -> list[Numbers]:
    """[resamples, figures] of each statistic, all on the same resamples."""
    random = np.random.default_rng(seed)
    found: list[list[Numbers]] = [[] for _ in statistics]
    for _ in range(resamples):
        drawn = random.integers(0, cards.number, cards.number)
        weights = np.bincount(drawn, minlength=cards.number).astype(np.float64)
        for values, statistic in zip(found, statistics, strict=True):
            values.append(statistic.of(weights))
    return [np.array(values) for values in found]


def interval(samples: Numbers) -> tuple[float, float] | None:
    """The middle 95 % (percentile interval); None where fewer than half of the resamples have a figure."""
    known = samples[~np.isnan(samples)]
    if len(known) * 2 < len(samples) or not len(known):
        return None
    low, high = np.quantile(known, ((1 - _LEVEL) / 2, (1 + _LEVEL) / 2))
    return float(low), float(high)


def measured(value: float, samples: Numbers) -> dict[str, Any]:
    """A figure with its interval: ``value``, ``low`` and ``high``, the last two None without one."""
    low, high = interval(samples) or (None, None)
    return {"value": value, "low": low, "high": high}


def p_value(differences: Numbers) -> float | None:
    """How probable a difference at least so far from none would be, were there none; two-sided.

    Twice the smaller share of resamples on either side of no difference; never below 2 / (resamples + 1).
    """
    known = differences[~np.isnan(differences)]
    if not len(known):
        return None
    below = (1 + int((known <= 0).sum())) / (len(known) + 1)
    above = (1 + int((known >= 0).sum())) / (len(known) + 1)
    return min(1.0, 2 * min(below, above))
