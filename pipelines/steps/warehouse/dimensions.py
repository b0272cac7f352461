"""Dimensions as of a night."""

from __future__ import annotations

from datetime import date, datetime

import pandas as pd
import pyarrow as pa

from pipelines.steps.accounts import opened
from pipelines.steps.warehouse.facts import date_key
from processing.lake.history import profiles_now
from processing.warehouse import DATE_DIM, MERCHANTS_DIM, USERS_DIM

_MOMENT = pa.timestamp("ms", tz="UTC")

PROFILES = pa.schema(
    [
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("event_time", _MOMENT, nullable=False),
        ("home_country", pa.string()),
        ("account_type", pa.string()),
        ("kyc_status", pa.string()),
        ("account_created_at", pa.string()),
        ("is_deleted", pa.bool_()),
    ]
)
"""What is read of the user-profile group's offline records."""


def users_dim(profiles: pa.Table, baselines: pa.Table, as_of: datetime) -> pa.Table:
    """Users with a profile that is not deleted, or with a baseline.

    Args:
        profiles: versions, of `PROFILES`; the newest by `as_of` counts.
        baselines: ``user_id`` and the columns of the user-baseline group.
    """
    present = profiles_now(profiles.to_pandas(), as_of).drop(columns=["event_time", "is_deleted"])
    usual = baselines.to_pandas()
    usual = usual[[name for name in usual.columns if name == "user_id" or name not in present.columns]]
    users = present.merge(usual, on="user_id", how="outer")
    users["account_created_at"] = opened(users["account_created_at"]).dt.tz_localize(None)
    return _as(users, USERS_DIM.schema)


def merchants_dim(risks: pa.Table) -> pa.Table:
    """Merchants with the columns of the merchant-risk group."""
    return risks.select(MERCHANTS_DIM.schema.names).cast(MERCHANTS_DIM.schema)


def date_dim(day: date) -> pa.Table:
    """The row of one day."""
    iso = day.isocalendar()
    row = {
        "date_key": date_key(day),
        "date": day,
        "year": day.year,
        "quarter": (day.month + 2) // 3,
        "month": day.month,
        "day_of_month": day.day,
        "iso_year": iso.year,
        "iso_week": iso.week,
        "day_of_week": day.weekday(),
        "is_weekend": day.weekday() >= 5,
    }
    return pa.Table.from_pylist([row], schema=DATE_DIM.schema)


def _as(frame: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    columns = []
    for field in schema:
        values = frame[field.name]
        if pa.types.is_integer(field.type):
            values = values.astype("Int64")  # a user without transactions has none, not NaN
        columns.append(pa.array(values, field.type, from_pandas=True))
    return pa.table(columns, schema=schema)
