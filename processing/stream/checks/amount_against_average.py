"""Cross-field: a large amount of somebody who never spends much."""

from __future__ import annotations

from feature_groups import FEATURE_NAMES
from processing.stream.checks.check import Check, Observation

_LARGE, _MODEST = 10_000, 100
_AVERAGE = FEATURE_NAMES.index("user_amount_avg_30d")


def _found(seen: Observation) -> bool:
    return seen.amount > _LARGE and seen.features[_AVERAGE] < _MODEST


CHECKS = (
    Check(
        "amount_against_average",
        "more than 10,000 by a user who paid less than 100 on average in 30 days",
        _found,
    ),
)
