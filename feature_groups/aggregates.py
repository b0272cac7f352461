"""The long aggregates of a night: what is usual for a user, and how risky a merchant is.

They are no inputs of the model. A night computes them over whole windows ``[as-of - days, as-of)``; amounts
add up whatever the currency, as in every window (docs/feature-semantics.md), and times are UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

AGGREGATE_DAYS = (30, 90)
"""Lengths of the windows."""
NIGHT_HOURS = (0, 6)
"""First hour, and first hour after, of what counts as night."""


@dataclass(frozen=True, slots=True)
class AggregateColumn:
    """One column: ``{name}_{days}d`` for each of `AGGREGATE_DAYS` that was asked for."""

    name: str
    dtype: Literal["Integral", "Fractional", "String"]
    description: str


def _over_windows(*columns: AggregateColumn) -> tuple[AggregateColumn, ...]:
    return tuple(
        AggregateColumn(
            f"{column.name}_{days}d", column.dtype, f"{column.description} in the last {days} days"
        )
        for days in AGGREGATE_DAYS
        for column in columns
    )


USER_AGGREGATES: tuple[AggregateColumn, ...] = (
    AggregateColumn("home_country", "String", "Home country by the profile"),
    AggregateColumn("home_lat", "Fractional", "Latitude of the home by the profile, degrees"),
    AggregateColumn("home_lon", "Fractional", "Longitude of the home by the profile, degrees"),
    AggregateColumn(
        "usual_country", "String", "Country of most transactions in 90 days; of equals the first by name"
    ),
    *_over_windows(
        AggregateColumn("transaction_count", "Integral", "Transactions"),
        AggregateColumn("active_days", "Integral", "Days with a transaction"),
        AggregateColumn("amount_mean", "Fractional", "Mean amount"),
        AggregateColumn("amount_median", "Fractional", "Median amount"),
        AggregateColumn("amount_std", "Fractional", "Sample standard deviation of the amount; none for one"),
        AggregateColumn("amount_p95", "Fractional", "95th percentile of the amount"),
        AggregateColumn("night_share", "Fractional", "Share of transactions from 00:00 to 05:59"),
        AggregateColumn("distinct_merchants", "Integral", "Different merchants"),
        AggregateColumn("distinct_countries", "Integral", "Different known countries"),
        AggregateColumn(
            "abroad_share", "Fractional", "Share outside the home country of those with a known country"
        ),
    ),
)

MERCHANT_AGGREGATES: tuple[AggregateColumn, ...] = _over_windows(
    AggregateColumn("transaction_count", "Integral", "Transactions"),
    AggregateColumn("amount_sum", "Fractional", "Sum of amounts"),
    AggregateColumn("distinct_users", "Integral", "Different users"),
    AggregateColumn("settled_count", "Integral", "Transactions older than the label delay"),
    AggregateColumn("fraud_count", "Integral", "Settled transactions known as fraud"),
    AggregateColumn("fraud_rate", "Fractional", "Settled fraud rate, drawn towards that of all merchants"),
)
