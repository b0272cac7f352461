"""What happened lately at a merchant: volume, customers, and frauds as far as they are known."""

from __future__ import annotations

from feature_groups.feature import Feature
from feature_groups.windows import MONTH, WEEK, WINDOWS, Window


def _count(window: Window) -> Feature:
    return Feature(
        f"merchant_transaction_count_{window.name}",
        "merchant",
        "count",
        "transaction_id",
        f"Transactions at the merchant in {window.phrase}",
        "count",
        f"{{value}} purchase{{s}} at this merchant in {window.phrase}",
        f"no history of this merchant in {window.phrase}",
        zero=f"no purchase at this merchant in {window.phrase}",
        window=window,
    )


def _unique_customers(window: Window) -> Feature:
    return Feature(
        f"merchant_unique_customers_{window.name}",
        "merchant",
        "distinct",
        "user_id",
        f"Different customers of the merchant in {window.phrase}",
        "count",
        f"{{value}} different customer{{s}} at this merchant in {window.phrase}",
        f"no history of this merchant in {window.phrase}",
        zero=f"no purchase at this merchant in {window.phrase}",
        window=window,
    )


def _fraud_rate(window: Window) -> Feature:
    return Feature(
        f"merchant_fraud_rate_{window.name}",
        "merchant",
        "rate",
        "is_fraud",
        f"Frauds at the merchant that became known in {window.phrase}, per transaction in {window.phrase}",
        "percent",
        f"a known fraud rate of {{value}} at this merchant in {window.phrase}",
        f"no purchase at this merchant in {window.phrase}",
        window=window,
        filter="is_fraud = true",
        delay="until label is known",
        default=None,
        dtype="Fractional",
    )


FRAUD_RATE_WINDOWS: tuple[Window, ...] = (WEEK, MONTH)

MERCHANT_FEATURES: tuple[Feature, ...] = (
    *(_count(window) for window in WINDOWS),
    *(_unique_customers(window) for window in WINDOWS),
    *(_fraud_rate(window) for window in FRAUD_RATE_WINDOWS),
    Feature(
        "merchant_days_since_first_known_fraud",
        "merchant",
        "age",
        "is_fraud",
        "Days since the first fraud at the merchant became known",
        "days",
        "the first fraud at this merchant became known {value} ago",
        "no known fraud at this merchant",
        filter="is_fraud = true",
        delay="until label is known",
        default=None,
        dtype="Fractional",
    ),
)
