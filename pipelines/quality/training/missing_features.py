"""Features that cannot be missing are not, and the others are missing as often as in the training window."""

from __future__ import annotations

from collections.abc import Iterator

from feature_groups import MODEL_FEATURES, Feature
from pipelines.quality.check import Check, Problem
from pipelines.quality.rows import some
from pipelines.quality.splits import TrainingSet

_MOST = 0.01
_MORE, _MOST_MORE = 0.05, 0.15
_LEAST_ROWS = 500
_FROM_REQUIRED = (
    *("amount", "hour_of_day", "day_of_week", "user_transaction_count_", "user_amount_sum_"),
    *("user_distinct_merchants_", "merchant_transaction_count_", "merchant_unique_customers_"),
)


def _look(data: TrainingSet) -> Iterator[Problem]:
    train = data.splits["train"]
    for which, frame in data.splits.items():
        if frame.empty:
            continue
        for feature in MODEL_FEATURES:
            name, share = feature.name, float(frame[feature.name].isna().mean())
            if _is_always_known(feature):
                usual, most, least = 0.0, _MOST, _MOST
            elif min(len(train), len(frame)) >= _LEAST_ROWS:
                # A ratio of two sums is missing wherever there is no history: by definition, not by fault.
                usual = float(train[name].isna().mean())
                most, least = _MOST_MORE, _MORE
            else:
                continue
            if share > usual + least:
                yield Problem(
                    "critical" if share > usual + most else "warning",
                    f"{name} is missing in {share:.1%} of the {which} window, and was in {usual:.1%}: "
                    "see what it is computed from",
                    some(frame[frame[name].isna()], ("transaction_id", "user_id", "timestamp")),
                )


def _is_always_known(feature: Feature) -> bool:
    """Whether every transaction has a value: without history it is 0, and no optional column goes into it."""
    return feature.name.startswith(_FROM_REQUIRED) and feature.name != "amount_to_average_30d"


CHECKS = (Check("missing_features", "Are features missing only where they have to be?", _look),)
