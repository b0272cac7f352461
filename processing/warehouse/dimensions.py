"""Who, where and when: what facts are grouped by. Users and merchants are as of a night."""

from __future__ import annotations

from collections.abc import Iterable

from feature_groups.aggregates import MERCHANT_AGGREGATES, USER_AGGREGATES, AggregateColumn
from processing.warehouse.table import Column, Kind, Table

# Where somebody lives to a few metres is nothing that a dashboard needs; the country is below.
_NOT_FOR_ANALYSTS = ("home_country", "home_lat", "home_lon")
_KINDS: dict[str, Kind] = {"Integral": "count", "Fractional": "number", "String": "code"}


def _columns(aggregates: Iterable[AggregateColumn]) -> tuple[Column, ...]:
    return tuple(
        Column(each.name, _KINDS[each.dtype], each.description)
        for each in aggregates
        if each.name not in _NOT_FOR_ANALYSTS
    )


USERS_DIM = Table(
    "users_dim",
    "Users with a profile or with transactions in 90 days, as of a night",
    (
        Column("user_id", "id", "Of the user", required=True),
        Column("home_country", "code", "By the profile"),
        Column("account_type", "code", "By the profile"),
        Column("kyc_status", "code", "By the profile"),
        Column("account_created_at", "moment", "By the profile"),
        *_columns(USER_AGGREGATES),
    ),
    distribution="user_id",
    sort=("user_id",),
)

MERCHANTS_DIM = Table(
    "merchants_dim",
    "Merchants with transactions in 90 days, as of a night",
    (Column("merchant_id", "id", "Of the merchant", required=True), *_columns(MERCHANT_AGGREGATES)),
    distribution="ALL",
    sort=("merchant_id",),
)

DATE_DIM = Table(
    "date_dim",
    "Days (UTC)",
    (
        Column("date_key", "key", "yyyymmdd", required=True),
        Column("date", "date", "The day", required=True),
        Column("year", "key", "Calendar year", required=True),
        Column("quarter", "key", "1 to 4", required=True),
        Column("month", "key", "1 to 12", required=True),
        Column("day_of_month", "key", "1 to 31", required=True),
        Column("iso_year", "key", "Year of the ISO week", required=True),
        Column("iso_week", "key", "1 to 53", required=True),
        Column("day_of_week", "key", "0 (Monday) to 6", required=True),
        Column("is_weekend", "flag", "Saturday or Sunday", required=True),
    ),
    distribution="ALL",
    sort=("date_key",),
)
