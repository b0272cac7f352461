"""The vector of one transaction: request-time features, and what is missing when."""

from __future__ import annotations

import math
from typing import Any

import pytest

from feature_groups import FEATURE_NAMES
from processing.events import Profile
from processing.features import MerchantState, UserState, explain, observe, vector
from tests.processing.builders import DAY, HOUR, NOW, transaction

HOME = Profile(48.85, 2.35, "FR")


def named(*args: Any) -> dict[str, float]:
    return dict(zip(FEATURE_NAMES, vector(*args), strict=True))


def test_without_history_counts_are_zero_and_averages_missing() -> None:
    values = named(transaction(), None, None, None)
    assert len(values) == 50
    assert values["user_transaction_count_30d"] == values["merchant_unique_customers_1h"] == 0
    for name in (
        "user_amount_avg_30d",
        "user_amount_max_1h",
        "merchant_fraud_rate_7d",
        "merchant_days_since_first_known_fraud",
        "distance_from_home_km",
        "foreign_country",
        "seconds_since_last_transaction",
        "amount_to_average_30d",
    ):
        assert math.isnan(values[name]), name
    empty = vector(transaction(), None, UserState(), MerchantState())
    assert repr(empty) == repr(list(values.values()))


def test_request_time_features() -> None:
    user, merchant = UserState(), MerchantState()
    observe(transaction(1, NOW - HOUR, amount_minor=500), user, merchant)
    observe(transaction(2, NOW - 42_000, amount_minor=1500), user, merchant)
    current = transaction(3, amount_minor=4000, lat=51.5, lon=-0.13, country="GB")
    values = named(current, HOME, user, merchant)
    assert values["amount"] == 40.0
    assert values["amount_to_average_30d"] == 4.0
    assert values["seconds_since_last_transaction"] == 42.0
    assert (values["hour_of_day"], values["day_of_week"]) == (12.0, 6.0)  # a Sunday
    assert values["foreign_country"] == 1.0
    assert values["distance_from_home_km"] == pytest.approx(343, abs=3)


def test_a_state_that_contains_the_transaction_gives_the_same_vector() -> None:
    user, merchant = UserState(), MerchantState()
    for number in range(5):
        observe(transaction(number, NOW - number * DAY), user, merchant)
    before = vector(transaction(9, NOW + 1), HOME, user, merchant)
    observe(transaction(9, NOW + 1), user, merchant)
    assert repr(vector(transaction(9, NOW + 1), HOME, user, merchant)) == repr(before)


def test_missing_columns_stay_missing_and_are_not_zero() -> None:
    user, merchant = UserState(), MerchantState()
    bare: dict[str, Any] = {"country": None, "device": None, "status": None, "lat": None, "lon": None}
    observe(transaction(1, NOW - 1, **bare), user, merchant)
    values = named(transaction(2, **bare), HOME, user, merchant)
    for name in ("distinct_countries", "device_changes", "declined_count"):
        assert math.isnan(values[f"user_{name}_1h"])
    assert values["user_distinct_merchants_1h"] == 1


def test_frauds_count_from_when_they_are_known() -> None:
    user, merchant = UserState(), MerchantState()
    for number in range(4):
        observe(transaction(number, NOW - (number + 1) * HOUR), user, merchant)
    merchant.learn_fraud(NOW - DAY // 2)
    merchant.learn_fraud(NOW)  # not yet known to a transaction of the same moment
    values = named(transaction(9), HOME, user, merchant)
    assert values["merchant_fraud_rate_7d"] == values["merchant_fraud_rate_30d"] == 0.25
    assert values["merchant_days_since_first_known_fraud"] == 0.5


def test_an_average_that_rounds_to_zero_is_nothing_to_compare_with() -> None:
    """One fils is a thousandth of a dinar: no hundredth, and an average of 0 to divide by."""
    user, merchant = UserState(), MerchantState()
    observe(transaction(1, NOW - HOUR, amount_minor=1, currency="KWD"), user, merchant)
    values = named(transaction(2, currency="KWD"), None, user, merchant)
    assert values["user_amount_avg_30d"] == 0.0
    assert math.isnan(values["amount_to_average_30d"])


def test_reasons_are_sentences() -> None:
    assert explain("user_transaction_count_1h", 7.0) == "7 purchases in the last hour"
    with pytest.raises(KeyError):
        explain("no_such_feature", 1.0)


def test_a_transaction_that_cannot_be_taken_in_changes_neither_history(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    user, merchant = UserState(), MerchantState()
    observe(transaction(1, NOW - HOUR), user, merchant)
    before = user.encode(), merchant.encode()

    def refuse(*_: object) -> MerchantState:
        raise MemoryError

    monkeypatch.setattr(MerchantState, "after", refuse)
    with pytest.raises(MemoryError):
        observe(transaction(2), user, merchant)
    assert (user.encode(), merchant.encode()) == before
