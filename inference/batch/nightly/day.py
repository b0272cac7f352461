"""The day to decide: its transactions with their features, and which of them were decided in real time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from feature_groups import FEATURE_NAMES
from feature_groups.windows import MEMORY_DAYS
from processing.batch import compute_features
from processing.events import Transaction
from processing.lake.audit import AUDIT, AUDIT_PREFIX
from processing.lake.history import labels_known, transactions_of
from processing.lake.keys import day_prefixes
from processing.lake.reading import LakeReader

PROFILES = pa.schema(
    [
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("event_time", pa.timestamp("ms", tz="UTC"), nullable=False),
        ("home_lat", pa.float64()),
        ("home_lon", pa.float64()),
        ("home_country", pa.string()),
        ("is_deleted", pa.bool_()),
    ]
)
_DECIDED = pa.schema([AUDIT.field("transaction_id")])
_OPTIONAL = ("country", "device", "channel", "status")


@dataclass(frozen=True, slots=True)
class Day:
    """One day's transactions in event order, each as of its own time.

    Attributes:
        vectors: [transactions, features], NaN for missing.
        decided: which of them the endpoint decided, by the audit.
        fraud: which of them are known as fraud by now.
    """

    transactions: list[Transaction]
    vectors: NDArray[np.float64]
    decided: NDArray[np.bool_]
    fraud: NDArray[np.bool_]


def read_day(reader: LakeReader, profiles_prefix: str, day: date, as_of: datetime) -> Day:
    """The day from the lake, with as much history before it as features can depend on.

    Raises:
        LakeError: a file cannot be read.
        ValueError: a currency or status is unknown.
    """
    first = day - timedelta(days=MEMORY_DAYS + 1)
    history = transactions_of(reader, first, day, as_of)
    labels = labels_known(reader, first, as_of)
    versions: pd.DataFrame = reader.read([profiles_prefix], PROFILES).to_pandas()
    known = versions[(versions["event_time"] <= as_of) & ~versions["is_deleted"].eq(True)]
    features = compute_features(history, labels, known if len(known) else None)
    rows = history[history["timestamp"] >= pd.Timestamp(day, tz="UTC")].reset_index(drop=True)
    matrix = features.set_index("transaction_id").loc[rows["transaction_id"], list(FEATURE_NAMES)]
    # A decision is made when its transaction is, or a little later.
    audited = reader.read(day_prefixes(AUDIT_PREFIX, day, as_of.date()), _DECIDED)
    latest = labels.drop_duplicates("transaction_id", keep="last")
    return Day(
        _transactions(rows),
        matrix.to_numpy(np.float64),
        rows["transaction_id"].isin(audited["transaction_id"].to_pylist()).to_numpy(bool),
        rows["transaction_id"].isin(latest.loc[latest["is_fraud"], "transaction_id"]).to_numpy(bool),
    )


def frauds_among(reader: LakeReader, ids: set[str], since: date, as_of: datetime) -> set[str]:
    """Those of some transactions whose latest known label says fraud."""
    labels = labels_known(reader, since, as_of).drop_duplicates("transaction_id", keep="last")
    return ids & set(labels.loc[labels["is_fraud"], "transaction_id"])


def _transactions(rows: pd.DataFrame) -> list[Transaction]:
    times = rows["timestamp"].dt.as_unit("ms").astype("int64").tolist()
    required = [rows[name].tolist() for name in ("transaction_id", "user_id", "merchant_id", "amount_minor")]
    places = [_or_none(rows[name]) for name in ("lat", "lon", *_OPTIONAL)]
    columns = (*required, rows["currency"].tolist(), times, *places)
    return [Transaction(*fields) for fields in zip(*columns, strict=True)]


def _or_none(column: pd.Series) -> list[Any]:
    values: list[Any] = column.astype(object).where(column.notna(), None).tolist()
    return values
