"""What happened lately at a merchant: volume, customers, and frauds as far as they are known."""

from __future__ import annotations

from functools import partial

from feature_groups.feature import Aggregate, Feature
from feature_groups.windows import MONTH, WEEK, WINDOWS, Window

_of_merchant = partial(
    Aggregate,
    entity="merchant",
    missing="no history of this merchant in {when}",
    zero="no purchase at this merchant in {when}",
)

TRANSACTION_COUNT = _of_merchant(
    name="merchant_transaction_count",
    aggregation="count",
    source="transaction_id",
    description="Transactions at the merchant in {when}",
    reading="count",
    reason="{value} purchase{s} at this merchant in {when}",
)
UNIQUE_CUSTOMERS = _of_merchant(
    name="merchant_unique_customers",
    aggregation="distinct",
    source="user_id",
    description="Different customers of the merchant in {when}",
    reading="count",
    reason="{value} different customer{s} at this merchant in {when}",
)
FRAUD_RATE = _of_merchant(
    name="merchant_fraud_rate",
    aggregation="rate",
    source="is_fraud",
    filter="is_fraud = true",
    delay="until label is known",
    description="Frauds at the merchant that became known in {when}, per transaction in {when}",
    reading="percent",
    reason="a known fraud rate of {value} at this merchant in {when}",
    missing="no purchase at this merchant in {when}",
    zero=None,
    default=None,
    dtype="Fractional",
)

FRAUD_RATE_WINDOWS: tuple[Window, ...] = (WEEK, MONTH)

MERCHANT_FEATURES: tuple[Feature, ...] = (
    *TRANSACTION_COUNT.over(*WINDOWS),
    *UNIQUE_CUSTOMERS.over(*WINDOWS),
    *FRAUD_RATE.over(*FRAUD_RATE_WINDOWS),
    Feature(
        name="merchant_days_since_first_known_fraud",
        entity="merchant",
        aggregation="age",
        source="is_fraud",
        filter="is_fraud = true",
        delay="until label is known",
        description="Days since the first fraud at the merchant became known",
        reading="days",
        reason="the first fraud at this merchant became known {value} ago",
        missing="no known fraud at this merchant",
        default=None,
        dtype="Fractional",
    ),
)
