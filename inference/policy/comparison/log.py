"""The log to replay: transactions with their features, as each was known at its own time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from feature_groups import FEATURE_NAMES
from processing.engines import encode
from processing.engines.embedded import EmbeddedEngine
from processing.engines.homes import Homes
from processing.engines.source import in_event_order, reports
from processing.events import Transaction
from processing.sources.column_map import ColumnMap
from processing.sources.dataset import Dataset
from processing.sources.files import read_file

_BATCH = 1 << 15


@dataclass(frozen=True, slots=True)
class Batch:
    """Some transactions in event order; arrays have one entry or row per transaction."""

    transactions: list[Transaction]
    vectors: NDArray[np.float64]
    fraud: NDArray[np.bool_]


def read(source: Path, columns: Path | None) -> Dataset:
    """The data set of a folder of ours, or of a file with its column map.

    Raises:
        ValueError, FileNotFoundError: it cannot be read; the message says what is missing and the fix.
    """
    if source.is_dir():
        return Dataset.read(source)
    if columns is None:
        raise ValueError(f"{source} is a file: name its column map with --columns")
    return read_file(source, ColumnMap.load(columns))


def replay(dataset: Dataset, limit: int | None, since_ms: int) -> Iterator[Batch]:
    """Replay a data set; earlier transactions than `since_ms` only make history.

    Raises:
        EngineError: a required column has gaps.
    """
    events, order = in_event_order(dataset.transactions, _homes(dataset), limit)
    table = dataset.transactions.take(pa.array(order))
    engine = EmbeddedEngine()
    engine.learn(reports(events, dataset.labels))
    frauds = _frauds(dataset, table)
    first = int(np.searchsorted(events.times, since_ms))
    bounds = [*range(0, first, _BATCH), *range(first, len(events), _BATCH), len(events)]
    for start, stop in pairwise(bounds):
        vectors = engine.apply(events.slice(start, stop), np.empty((stop - start, len(FEATURE_NAMES))))
        if start >= first:
            rows = table.slice(start, stop - start)
            yield Batch(_transactions(rows), vectors, frauds[start:stop])


def _homes(dataset: Dataset) -> Homes | None:
    users = dataset.users
    if users is None:
        return None
    lat, lon = encode.floats(users["home_lat"]), encode.floats(users["home_lon"])
    owners, countries = users["user_id"].combine_chunks(), users["home_country"].combine_chunks()
    return Homes(owners, None, lat, lon, countries)


def _frauds(dataset: Dataset, table: pa.Table) -> NDArray[np.bool_]:
    """Whether each transaction is a fraud: by the truth where there is one, else by the labels."""
    known = dataset.labels if dataset.truth is None else dataset.truth
    ids = known["transaction_id"].filter(pc.fill_null(known["is_fraud"], False))
    found: NDArray[np.bool_] = pc.is_in(table["transaction_id"], ids.combine_chunks()).to_numpy()
    return found


def _transactions(rows: pa.Table) -> list[Transaction]:
    minor = encode.minor_units(rows["amount"].to_numpy(), rows["currency"]).tolist()
    times = encode.milliseconds(rows["timestamp"]).tolist()
    texts = [rows[name].to_pylist() for name in ("transaction_id", "user_id", "merchant_id", "currency")]
    places = [rows[name].to_pylist() for name in ("lat", "lon", "country", "device", "channel", "status")]
    ids, users, merchants, currencies = texts
    return [
        Transaction(*fields)
        for fields in zip(ids, users, merchants, minor, currencies, times, *places, strict=True)
    ]
