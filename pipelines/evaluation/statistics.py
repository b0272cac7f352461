"""Figures of a scored window as functions of how often each card counts.

What does not depend on the weights (the order of scores, ties, days) is prepared once, so that a resample of
200,000 transactions costs milliseconds. With every weight 1 they are those of `pipelines.steps.metrics`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipelines.evaluation.resampling import Cards, Numbers, Weights
from pipelines.steps.metrics import FALSE_POSITIVE_RATES, Scores, Target

_ROUNDING = 1e-9  # of a rate times a whole number
_LOOKED_AT = 1_000  # cards a day, which nearly always hold 100 that are still open
CURVES = ("average_precision", "auc", *(f"recall_at_fpr_{name}" for name in FALSE_POSITIVE_RATES))
CALLS = ("card_precision_at_100",)


class Curves:
    """`CURVES`: what the ROC and the precision-recall curve are summed up in.

    All of them are sums over frauds of what ranks above each (Davis and Goadrich, The relationship between
    precision-recall and ROC curves, 2006), so one running sum over all rows serves them. Equal scores are
    one threshold, as in scikit-learn.
    """

    def __init__(self, scores: Scores, target: Target, cards: Cards) -> None:
        order = np.argsort(-scores, kind="stable")
        ranked, fraud = scores[order], target[order] == 1
        starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
        ends = np.r_[starts[1:], len(ranked)]
        tie = np.repeat(np.arange(len(starts)), ends - starts)[fraud]
        at = np.r_[0, np.cumsum(fraud)]
        self._card = cards.of_row[order]
        self._fraud_card = self._card[fraud]
        # For each fraud: the rows, and the frauds, above and within its tie.
        self._rows = starts[tie], ends[tie]
        self._frauds = at[starts[tie]], at[ends[tie]]

    def of(self, weights: Weights) -> Numbers:
        """See `Statistic`."""
        rows = np.r_[0.0, np.cumsum(weights[self._card])]
        fraud = weights[self._fraud_card]
        frauds = np.r_[0.0, np.cumsum(fraud)]
        positives, negatives = frauds[-1], rows[-1] - frauds[-1]
        if positives == 0 or negatives == 0:
            return np.full(len(CURVES), np.nan)
        (row_start, row_end), (start, end) = self._rows, self._frauds
        caught = frauds[end]
        disturbed = rows[row_end] - caught
        disturbed_before = rows[row_start] - frauds[start]
        precision = caught / np.maximum(rows[row_end], 1.0)
        ranked_below = negatives - (disturbed_before + disturbed) / 2
        recalls = [
            fraud[disturbed <= rate * negatives + _ROUNDING].sum() / positives
            for rate in FALSE_POSITIVE_RATES.values()
        ]
        return np.array(
            [
                (fraud * precision).sum() / positives,
                (fraud * ranked_below).sum() / (positives * negatives),
                *recalls,
            ]
        )


class Calls:
    """`CALLS`: card precision, as `pipelines.steps.metrics.card_precision` defines it.

    A card that was drawn three times is three customers: three calls, and three that can be found out.
    """

    def __init__(
        self, scores: Scores, target: Target, keys: pd.DataFrame, cards: Cards, calls: int = 100
    ) -> None:
        rows = pd.DataFrame(
            {
                "name": keys["user_id"].to_numpy(),
                "card": cards.of_row,
                "day": pd.to_datetime(keys["timestamp"], utc=True).dt.floor("D").to_numpy(),
                "score": scores,
                "fraud": target,
            }
        )
        worst = rows.groupby(["day", "name"], sort=True).agg(
            card=("card", "first"), score=("score", "max"), fraud=("fraud", "max")
        )
        self._calls = calls
        self._days: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]] = []
        for _, day in worst.groupby(level="day", sort=True):
            ranked = day.sort_values("score", ascending=False, kind="stable")
            self._days.append((ranked["card"].to_numpy(), ranked["fraud"].to_numpy() == 1))

    def of(self, weights: Weights) -> Numbers:
        """See `Statistic`."""
        still_open = weights.copy()
        found = 0.0
        for card, fraud in self._days:
            there = still_open[card[:_LOOKED_AT]]
            if there.sum() < self._calls:  # so many were found out, or not drawn, that more have to be seen
                there = still_open[card]
            card, fraud = card[: len(there)], fraud[: len(there)]
            called = np.clip(self._calls - (np.cumsum(there) - there), 0.0, there)
            caught = np.where(fraud, called, 0.0)
            still_open[card] -= caught
            found += float(caught.sum())
        return np.array([found / (self._calls * len(self._days))])


class Sum:
    """The sum of a value of each row, such as money."""

    def __init__(self, values: npt.NDArray[np.float64], cards: Cards) -> None:
        self._by_card = np.bincount(cards.of_row, values, minlength=cards.number)

    def of(self, weights: Weights) -> Numbers:
        """See `Statistic`."""
        return np.array([float(weights @ self._by_card)])
