"""Tables of the lake as the engine's columns."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa

from processing.engines import encode
from processing.engines.columns import EventColumns
from processing.engines.homes import Homes

_REQUIRED = ("transaction_id", "user_id", "merchant_id", "amount_minor", "currency", "timestamp")


def require_complete(transactions: pd.DataFrame) -> None:
    """Refuse what features cannot be computed of.

    Raises:
        ValueError: a required column is absent or incomplete.
    """
    _require(transactions, "transactions", _REQUIRED)


def in_event_order(transactions: pd.DataFrame) -> pd.DataFrame:
    """One row per transaction, the first to arrive, ordered by event time.

    Raises:
        ValueError: a required column is absent or incomplete.
    """
    require_complete(transactions)
    arrived = transactions
    if "arrival_time" in transactions:
        arrived = transactions.sort_values("arrival_time", kind="stable")
    unique = arrived.drop_duplicates("transaction_id")
    return unique.sort_values("timestamp", kind="stable").reset_index(drop=True)


def event_columns(ordered: pd.DataFrame, homes: Homes | None) -> EventColumns:
    """The rows in their order, each against the home of its time.

    Raises:
        ValueError: an unknown currency or status.
    """
    user, users = encode.codes(_column(ordered, "user_id", pa.string()))
    merchant, merchants = encode.codes(_column(ordered, "merchant_id", pa.string()))
    times = _milliseconds(ordered["timestamp"])
    currency = _column(ordered, "currency", pa.string())
    country = _column(ordered, "country", pa.string())
    place = (_column(ordered, "lat", pa.float64()), _column(ordered, "lon", pa.float64()), country)
    distance, foreign = encode.against_home(homes, users, user, times, place)
    return EventColumns(
        _column(ordered, "transaction_id", pa.string()),
        user,
        merchant,
        encode.identities(users),
        encode.identities(merchants),
        times,
        encode.hundredths(ordered["amount_minor"].to_numpy("int64"), currency),
        encode.devices(_column(ordered, "device", pa.string())),
        encode.countries(country),
        encode.statuses(_column(ordered, "status", pa.string())),
        distance,
        foreign,
    )


def fraud_reports(ordered: pd.DataFrame, labels: pd.DataFrame) -> Iterator[tuple[str, int]]:
    """``(merchant_id, known_ms)`` of each transaction reported as fraud, from its first report on."""
    _require(labels, "labels", ("transaction_id", "is_fraud", "investigation_complete_time"))
    frauds = labels[labels["is_fraud"].astype(bool)]
    known = frauds.groupby("transaction_id")["investigation_complete_time"].min()
    merchants = ordered.set_index("transaction_id")["merchant_id"].reindex(known.index)
    matched = merchants.notna().to_numpy()
    return zip(merchants[matched].tolist(), _milliseconds(known[matched]).tolist(), strict=True)


def profile_homes(profiles: pd.DataFrame | None) -> Homes | None:
    """The homes of all versions; None where there is none.

    Raises:
        ValueError: profiles without ``user_id``.
    """
    if profiles is None or profiles.empty:
        return None
    if "user_id" not in profiles:
        raise ValueError(f"profiles: column user_id is absent; columns are {', '.join(map(str, profiles))}")
    return Homes(
        _column(profiles, "user_id", pa.string()).combine_chunks(),
        _milliseconds(profiles["event_time"]) if "event_time" in profiles else None,
        encode.floats(_column(profiles, "home_lat", pa.float64())),
        encode.floats(_column(profiles, "home_lon", pa.float64())),
        _column(profiles, "home_country", pa.string()).combine_chunks(),
    )


def _milliseconds(moments: pd.Series) -> encode.Times:
    """Aware datetimes as milliseconds since 1970."""
    utc = pd.to_datetime(moments, utc=True)
    return np.asarray(utc.dt.as_unit("ms").astype("int64"), np.int64)


def _column(frame: pd.DataFrame, name: str, kind: pa.DataType) -> pa.ChunkedArray:
    """A column with nulls where there is no value, also when the column is absent."""
    if name not in frame:
        return pa.chunked_array([pa.nulls(len(frame), kind)])
    return pa.chunked_array([pa.array(frame[name], kind, from_pandas=True)])


def _require(frame: pd.DataFrame, table: str, names: tuple[str, ...]) -> None:
    for name in names:
        if name not in frame:
            raise ValueError(f"{table}: column {name} is absent; columns are {', '.join(map(str, frame))}")
        missing = int(frame[name].isna().sum())
        if missing:
            raise ValueError(f"{table}: column {name} has no value in {missing} of {len(frame)} rows")
