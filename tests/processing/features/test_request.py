"""Each declared request-time feature has exactly one computation."""

from __future__ import annotations

import pytest

from feature_groups import REQUEST_FEATURES
from processing.features.request import COMPUTATIONS, computations, computes

NAMES = [feature.name for feature in REQUEST_FEATURES]


def test_computations_follow_the_declarations() -> None:
    assert computations(NAMES) == COMPUTATIONS
    assert computations(NAMES[::-1]) == COMPUTATIONS[::-1]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([*NAMES, "moon_phase"], "moon_phase has no computation in processing/features/request.py: add it"),
        (NAMES[1:], "amount has no declaration in feature_groups/request.py: add it"),
    ],
)
def test_what_is_declared_or_computed_alone_is_refused(names: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        computations(names)


def test_a_second_computation_of_a_feature_is_refused() -> None:
    with pytest.raises(ValueError, match="amount: computed twice"):
        computes("amount")(COMPUTATIONS[0])
