"""Tables to stream records: the JSON bytes that a producer puts on the transaction and label streams."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

CHUNK = 10_000
_LONGEST_KEY = 256  # characters, the service's limit


class Record(NamedTuple):
    """One stream record. `time_ms` is when it happens in the data set, for the order of replay."""

    partition_key: str
    data: bytes
    time_ms: int


class _Location(msgspec.Struct):
    lat: float
    lon: float


class _Transaction(msgspec.Struct, omit_defaults=True):
    transaction_id: str
    user_id: str
    merchant_id: str
    amount: float
    currency: str
    timestamp: str
    location: _Location | None = None
    country: str | None = None
    device: str | None = None
    channel: str | None = None
    status: str | None = None


class _Label(msgspec.Struct):
    transaction_id: str
    is_fraud: bool
    fraud_type: str | None
    confidence: float
    investigation_complete_time: str


_PLAIN = ("transaction_id", "user_id", "merchant_id", "amount", "currency")
_LABEL = ("transaction_id", "is_fraud", "fraud_type", "confidence")
_OPTIONAL = ("country", "device", "channel", "status")


def transaction_records(transactions: pa.Table) -> Iterator[Record]:
    """One record per row in row order, keyed by user; missing values are left out of the JSON."""
    encode = msgspec.json.Encoder().encode
    for chunk in _chunks(transactions):
        plain = [chunk[name].to_pylist() for name in _PLAIN]
        optional = [chunk[name].to_pylist() for name in _OPTIONAL]
        locations = [
            None if lat is None or lon is None else _Location(lat, lon)
            for lat, lon in zip(chunk["lat"].to_pylist(), chunk["lon"].to_pylist(), strict=True)
        ]
        times, texts = _times(chunk["timestamp"])
        rows = zip(times, *plain, texts, locations, *optional, strict=True)
        for time, transaction_id, user_id, *rest in rows:
            yield Record(_key(user_id), encode(_Transaction(transaction_id, user_id, *rest)), time)


def label_records(labels: pa.Table) -> Iterator[Record]:
    """One record per row in row order, keyed by transaction."""
    encode = msgspec.json.Encoder().encode
    for chunk in _chunks(labels):
        times, texts = _times(chunk["investigation_complete_time"])
        columns = [chunk[name].to_pylist() for name in _LABEL]
        for time, transaction_id, *rest in zip(times, *columns, texts, strict=True):
            yield Record(_key(transaction_id), encode(_Label(transaction_id, *rest)), time)


def _key(identifier: str | None) -> str:
    """A partition key, also for a record without its identifier: that is for the platform to refuse."""
    return identifier[:_LONGEST_KEY] if identifier else "-"


def _chunks(table: pa.Table) -> Iterator[pa.Table]:
    for offset in range(0, table.num_rows, CHUNK):
        yield table.slice(offset, CHUNK)


def _times(column: pa.ChunkedArray) -> tuple[list[int], list[str]]:
    """Milliseconds since 1970, and ``2026-03-01T12:34:56.789Z``."""
    milliseconds = pc.cast(column, pa.int64()).to_numpy()
    texts = np.datetime_as_string(milliseconds.astype("datetime64[ms]"), unit="ms")
    return milliseconds.tolist(), [f"{text}Z" for text in texts.tolist()]
