"""What a card holder did lately."""

from __future__ import annotations

from functools import partial

from feature_groups.feature import Aggregate, Feature
from feature_groups.windows import WINDOWS

_of_user = partial(
    Aggregate,
    entity="user",
    sensitivity="personal",
    missing="no purchase in {when}",
    zero="no purchase in {when}",
)

TRANSACTION_COUNT = _of_user(
    name="user_transaction_count",
    aggregation="count",
    source="transaction_id",
    description="Transactions of the user in {when}",
    reading="count",
    reason="{value} purchase{s} in {when}",
)
AMOUNT_SUM = _of_user(
    name="user_amount_sum",
    aggregation="sum",
    source="amount",
    description="Sum of the user's amounts in {when}",
    reading="money",
    reason="{value} spent in {when}",
    dtype="Fractional",
)
AMOUNT_AVG = _of_user(
    name="user_amount_avg",
    aggregation="avg",
    source="amount",
    description="Average of the user's amounts in {when}",
    reading="money",
    reason="an average purchase of {value} in {when}",
    default=None,
    dtype="Fractional",
)
AMOUNT_MAX = _of_user(
    name="user_amount_max",
    aggregation="max",
    source="amount",
    description="Largest amount of the user in {when}",
    reading="money",
    reason="a largest purchase of {value} in {when}",
    default=None,
    dtype="Fractional",
)
DISTINCT_MERCHANTS = _of_user(
    name="user_distinct_merchants",
    aggregation="distinct",
    source="merchant_id",
    description="Different merchants the user paid in {when}",
    reading="count",
    reason="{value} different merchant{s} in {when}",
)
DISTINCT_COUNTRIES = _of_user(
    name="user_distinct_countries",
    aggregation="distinct",
    source="country",
    description="Different countries the user paid in during {when}",
    reading="count",
    reason="purchases in {value} {country} in {when}",
    missing="country of purchases in {when} unknown",
)
DECLINED_COUNT = _of_user(
    name="user_declined_count",
    aggregation="count",
    source="status",
    filter="status = declined",
    description="Declined transactions of the user in {when}",
    reading="count",
    reason="{value} declined purchase{s} in {when}",
    missing="outcome of purchases in {when} unknown",
    zero=None,
)
DEVICE_CHANGES = _of_user(
    name="user_device_changes",
    aggregation="changes",
    source="device",
    description="Transactions of the user in {when} from another device than the one before",
    reading="count",
    reason="{value} change{s} of device in {when}",
    missing="device of purchases in {when} unknown",
    zero=None,
)

_AGGREGATES = (
    TRANSACTION_COUNT,
    AMOUNT_SUM,
    AMOUNT_AVG,
    AMOUNT_MAX,
    DISTINCT_MERCHANTS,
    DISTINCT_COUNTRIES,
    DECLINED_COUNT,
    DEVICE_CHANGES,
)

USER_FEATURES: tuple[Feature, ...] = (
    *(feature for window in WINDOWS for aggregate in _AGGREGATES for feature in aggregate.over(window)),
)
