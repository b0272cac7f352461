"""The declarations are complete and agree with each other."""

from __future__ import annotations

import pytest

from feature_groups import (
    FEATURE_NAMES,
    GROUPS,
    MERCHANT_FEATURES,
    MODEL_FEATURES,
    PRIMITIVES,
    REQUEST_FEATURES,
    USER_FEATURES,
    Feature,
    features_of,
    primitives_of,
    sentence,
    windows_of,
)
from feature_groups.aggregates import MERCHANT_AGGREGATES, USER_AGGREGATES


def test_the_model_takes_users_then_merchants_then_the_request() -> None:
    assert (*USER_FEATURES, *MERCHANT_FEATURES, *REQUEST_FEATURES) == MODEL_FEATURES
    assert tuple(feature.name for feature in MODEL_FEATURES) == FEATURE_NAMES
    assert len(FEATURE_NAMES) == len(set(FEATURE_NAMES)) >= 50
    assert FEATURE_NAMES[:2] == ("user_transaction_count_1h", "user_amount_sum_1h")


def test_groups_hold_every_stored_feature_and_the_packed_state() -> None:
    by_name = {group.name: group for group in GROUPS}
    assert list(by_name)[:4] == ["user-profile", "user-activity", "merchant", "stream-progress"]
    for name, features in (("user-activity", USER_FEATURES), ("merchant", MERCHANT_FEATURES)):
        group = by_name[name]
        assert group.features[0].name == group.record_identifier
        assert group.features[1].name == group.event_time
        assert group.features[-1] == ("state", "String")
        assert [column.name for column in group.features[2:-1]] == [feature.name for feature in features]


def test_the_groups_of_the_night_hold_its_aggregates_and_no_input_of_the_model() -> None:
    by_name = {group.name: group for group in GROUPS}
    assert list(by_name)[4:] == ["user-baseline", "merchant-risk"]
    for name, columns in (("user-baseline", USER_AGGREGATES), ("merchant-risk", MERCHANT_AGGREGATES)):
        stored = [column.name for column in by_name[name].features]
        assert stored[2:] == [column.name for column in columns]
        assert len(stored) == len(set(stored))
        assert not set(stored) & set(FEATURE_NAMES)


def test_what_the_kernel_asks_for_follows_from_the_declarations() -> None:
    assert features_of("user") == USER_FEATURES
    assert features_of("merchant") == MERCHANT_FEATURES
    for entity in ("user", "merchant"):
        windows = windows_of(entity)
        assert {"1h", "24h", "7d", "30d"} <= {window.name for window in windows}
        assert list(windows) == sorted(windows, key=lambda window: window.milliseconds)
    assert primitives_of("user") + primitives_of("merchant") == PRIMITIVES
    assert {feature.primitive for feature in (*USER_FEATURES, *MERCHANT_FEATURES)} == set(PRIMITIVES)


@pytest.mark.parametrize("feature", MODEL_FEATURES, ids=lambda feature: feature.name)
def test_every_feature_has_a_sentence_for_each_value(feature: Feature) -> None:
    for value in (0.0, 1.0, 3.0, 23.0, None, float("nan")):
        text = sentence(feature, value)
        assert text
        assert "{" not in text


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("user_transaction_count_1h", 7, "7 purchases in the last hour"),
        ("user_transaction_count_1h", 1, "1 purchase in the last hour"),
        ("user_distinct_merchants_24h", 0, "no purchase in the last 24 hours"),
        ("user_distinct_countries_7d", 2, "purchases in 2 countries in the last 7 days"),
        ("merchant_fraud_rate_7d", 0.0123, "a known fraud rate of 1.2 % at this merchant in the last 7 days"),
        ("seconds_since_last_transaction", 42, "42 seconds after the previous purchase"),
        ("hour_of_day", 3, "made between 03:00 and 03:59 UTC"),
        ("day_of_week", 6, "made on a Sunday"),
        ("distance_from_home_km", 1234.5, "made 1,234 km from home"),
        ("foreign_country", 1, "made abroad"),
        ("amount_to_average_30d", 3.21, "3.2 times the user's 30-day average"),
    ],
)
def test_sentences_read_well(name: str, value: float, text: str) -> None:
    feature = MODEL_FEATURES[FEATURE_NAMES.index(name)]
    assert sentence(feature, value) == text
