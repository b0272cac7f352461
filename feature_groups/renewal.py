"""Which features start afresh every week."""

from __future__ import annotations

from feature_groups.feature import Feature
from feature_groups.windows import DAY


def renews(feature: Feature) -> bool:
    """Whether its values of a week owe nothing to the week before.

    Those of longer windows are one value per card or merchant that creeps: few of them, and a distance
    between two weeks is large.
    """
    if feature.window is None:
        return feature.entity == "transaction"
    return feature.window.milliseconds <= DAY.milliseconds
