"""What a decision needs of its contributions, for a whole batch in one call."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from inference.scoring.explainer import strongest
from inference.scoring.scorer import Scores
from processing.windows.compiled import compiled


class Ranked(NamedTuple):
    """Per row.

    Attributes:
        usable: the score is a probability and every contribution a number.
        strongest: features with the largest absolute contributions, the largest first.
        strengths: their contributions.
        totals: sum of all absolute contributions.
    """

    usable: list[bool]
    strongest: list[list[int]]
    strengths: list[list[float]]
    totals: list[float]


@compiled
def _rank(
    probabilities: Any, contributions: Any, order: Any, strengths: Any, totals: Any, usable: Any
) -> None:
    strongest(contributions, order.shape[1], order)
    for row in range(contributions.shape[0]):
        total = 0.0
        for feature in range(contributions.shape[1]):
            total += abs(contributions[row, feature])
        totals[row] = total
        # False for NaN too, and one infinite contribution makes the total infinite.
        usable[row] = probabilities[row] >= 0.0 and probabilities[row] <= 1.0 and total < np.inf
        for place in range(order.shape[1]):
            strengths[row, place] = contributions[row, order[row, place]]


def rank(scores: Scores, count: int) -> Ranked:
    """The `count` strongest contributions of every row, and whether it may be used at all."""
    rows = len(scores.probabilities)
    order = np.empty((rows, count), np.int64)
    strengths = np.empty((rows, count), np.float32)
    totals = np.empty(rows)
    usable = np.empty(rows, np.bool_)
    _rank(scores.probabilities, scores.contributions, order, strengths, totals, usable)
    return Ranked(usable.tolist(), order.tolist(), strengths.tolist(), totals.tolist())
