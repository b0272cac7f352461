"""Where a score becomes a review or a decline: the cheapest pair on the validation window.

Costs are in units of one missed fraud:

    cost = frauds approved
         + review_cost  * transactions reviewed       (a review finds the truth)
         + decline_cost * genuine transactions declined

With r the review and d the decline threshold (r <= d), a transaction with score s is approved
when s < r, reviewed when r <= s < d, and declined when s >= d. The cost is a sum of a part that
depends on r alone and one that depends on d alone, so each is minimised by itself over every
cut between two scores; when that would give d < r, reviewing never pays and both are the best
single cut.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Costs:
    """Price of an action, in units of one missed fraud."""

    review: float = 0.04
    decline: float = 0.4

    def __post_init__(self) -> None:
        if not 0 < self.review < self.decline < 1:
            raise ValueError(
                f"costs: need 0 < review ({self.review}) < decline ({self.decline}) < 1, a missed fraud"
            )


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Scores from which a transaction is reviewed and declined; review <= decline."""

    review: float
    decline: float


def choose(scores: npt.ArrayLike, fraud: npt.ArrayLike, costs: Costs) -> Thresholds:
    """The cheapest thresholds for `scores` in (0, 1] of transactions that are `fraud` (1) or not (0)."""
    values = np.asarray(scores, dtype=np.float64)
    truth = np.asarray(fraud, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    values, truth = values[order], truth[order]
    distinct, first = np.unique(values, return_index=True)
    # Cut i lets everything before distinct score i pass; the last cut lets everything pass.
    position = np.append(first, len(values))
    frauds_below = np.concatenate(([0.0], np.cumsum(truth)))[position]
    genuine_above = (len(truth) - truth.sum()) - (position - frauds_below)
    above = len(truth) - position
    cuts = _cuts(distinct)
    review = frauds_below + costs.review * above
    decline = costs.decline * genuine_above - costs.review * above
    at_review, at_decline = _cheapest(review), _cheapest(decline)
    if at_decline < at_review:
        at_review = at_decline = _cheapest(frauds_below + costs.decline * genuine_above)
    return Thresholds(float(cuts[at_review]), float(cuts[at_decline]))


def _cheapest(cost: Numbers) -> int:
    """The cheapest cut; of equals the highest, which disturbs the fewest customers."""
    return int(len(cost) - 1 - np.argmin(cost[::-1]))


def _cuts(distinct: Numbers) -> Numbers:
    """Cuts halfway between neighbouring scores; the outermost halfway to 0 and to 1.

    Never 0 itself: the server takes a threshold of 0 for a mistake and refuses the model.
    """
    inner = (distinct[1:] + distinct[:-1]) / 2
    return np.concatenate(([distinct[0] / 2], inner, [(distinct[-1] + 1.0) / 2]))
