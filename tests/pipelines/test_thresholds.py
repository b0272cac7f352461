"""The chosen thresholds are the cheapest: compared with trying every pair."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.steps.thresholds import Costs, Thresholds, choose

EXAMPLES = st.lists(
    st.tuples(st.sampled_from([0.01, 0.1, 0.2, 0.4, 0.5, 0.7, 0.9, 0.97]), st.booleans()),
    min_size=1,
    max_size=40,
)
COSTS = st.sampled_from([Costs(), Costs(0.1, 0.2), Costs(0.3, 0.31), Costs(0.01, 0.9)])


def cost(scores: np.ndarray, fraud: np.ndarray, thresholds: Thresholds, costs: Costs) -> float:
    """The docstring's formula, word for word."""
    approved = scores < thresholds.review
    declined = scores >= thresholds.decline
    reviewed = ~approved & ~declined
    return float(
        (fraud & approved).sum() + costs.review * reviewed.sum() + costs.decline * (~fraud & declined).sum()
    )


@given(EXAMPLES, COSTS)
def test_no_pair_is_cheaper(examples: list[tuple[float, bool]], costs: Costs) -> None:
    scores = np.array([score for score, _ in examples])
    fraud = np.array([truth for _, truth in examples])
    chosen = choose(scores, fraud, costs)
    assert 0 < chosen.review <= chosen.decline <= 1  # what `inference.bundle` serves
    cuts = [0.0, *np.unique(scores), 1.0]
    pairs = [Thresholds(low, high) for low in cuts for high in cuts if low <= high]
    cheapest = min(cost(scores, fraud, pair, costs) for pair in pairs)
    assert cost(scores, fraud, chosen, costs) == pytest.approx(cheapest)


def test_a_perfect_score_reviews_nobody() -> None:
    scores, fraud = [0.01, 0.02, 0.98, 0.99], [0, 0, 1, 1]
    assert choose(scores, fraud, Costs()) == Thresholds(0.5, 0.5)


@pytest.mark.parametrize("costs", [(0.0, 0.4), (0.5, 0.4), (0.04, 1.0)])
def test_costs_out_of_order_are_refused(costs: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="0 < review"):
        Costs(*costs)
