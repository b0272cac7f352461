"""Rows as they travel between the steps: what Spark sorts by, and a record it never looks into.

Spark moves five columns whatever a record holds. A record is a fixed number of bytes, read and
written without touching its rows one by one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from feature_groups import FEATURE_NAMES

# key: identity of the entity whose history comes next. time: milliseconds since 1970. place: position
# in the log; `REPORT` for a row that is no transaction but tells when a fraud became known.
ROW = pa.schema(
    [
        ("key", pa.int64()),
        ("time", pa.int64()),
        ("place", pa.int64()),
        ("transaction_id", pa.string()),
        ("record", pa.binary()),
    ]
)
REPORT = -1
# Before repeated ids are dropped, where the log says when each row arrived: milliseconds since 1970.
ARRIVED = ROW.append(pa.field("arrival", pa.int64()))

FEATURES = pa.schema([("transaction_id", pa.string()), *((name, pa.float64()) for name in FEATURE_NAMES)])

# Before the users' step, whose key is the user. `known` holds only where `fraud` is not 0.
EVENT = np.dtype(
    [
        ("merchant", np.int64),
        ("amount", np.int64),
        ("device", np.int64),
        ("country", np.int32),
        ("status", np.int8),
        ("fraud", np.int8),
        ("known", np.int64),
        ("distance", np.float64),
        ("foreign", np.float64),
    ]
)
# Between the users' and the merchants' step, whose key is the merchant: all features, those of the
# merchant still undefined.
SEEN = np.dtype([("customer", np.int64), ("features", np.float64, (len(FEATURE_NAMES),))])
# After the merchants' step.
VECTOR = np.dtype((np.float64, (len(FEATURE_NAMES),)))


def ddl(schema: pa.Schema) -> str:
    """The schema as Spark writes it, e.g. ``key bigint, time bigint``."""
    names = {pa.int64(): "bigint", pa.string(): "string", pa.binary(): "binary", pa.float64(): "double"}
    return ", ".join(f"`{field.name}` {names[field.type]}" for field in schema)


def pack(records: NDArray[Any]) -> pa.Array:
    """Records as a binary column, without a copy."""
    count = len(records)
    width = records.nbytes // count if count else 0
    offsets = np.arange(0, (count + 1) * width if width else 1, width or 1, dtype=np.int32)
    data = pa.py_buffer(np.ascontiguousarray(records))
    return pa.Array.from_buffers(pa.binary(), count, [None, pa.py_buffer(offsets), data])


def unpack(column: pa.Array, kind: np.dtype[Any]) -> NDArray[Any]:
    """The records of a binary column that `pack` made, without a copy; not writable.

    Raises:
        ValueError: records of another size than those of `kind`.
    """
    if not len(column):
        return np.empty(0, kind)
    _, offsets, data = column.buffers()
    ends = np.frombuffer(offsets, np.int32, len(column) + 1, 4 * column.offset)
    if (np.diff(ends) != kind.itemsize).any():
        raise ValueError(f"records are not of {kind.itemsize} bytes: the steps are not of one version")
    # From the subtype: numpy has no count of vectors.
    whole = np.frombuffer(data, kind.base, len(column) * (kind.itemsize // kind.base.itemsize), int(ends[0]))
    return whole.reshape(len(column), *kind.shape)


def rows(
    key: NDArray[np.int64],
    time: NDArray[np.int64],
    place: NDArray[np.int64],
    transaction_id: pa.Array,
    records: NDArray[Any],
) -> pa.RecordBatch:
    """A batch of `ROW`."""
    columns = [pa.array(key), pa.array(time), pa.array(place), transaction_id, pack(records)]
    return pa.RecordBatch.from_arrays(columns, schema=ROW)


def arrived(
    key: NDArray[np.int64],
    time: NDArray[np.int64],
    place: NDArray[np.int64],
    arrival: NDArray[np.int64],
    transaction_id: pa.Array,
    records: NDArray[Any],
) -> pa.RecordBatch:
    """A batch of `ARRIVED`."""
    batch = rows(key, time, place, transaction_id, records)
    return pa.RecordBatch.from_arrays([*batch.columns, pa.array(arrival)], schema=ARRIVED)


def numbers(batch: pa.RecordBatch, name: str) -> NDArray[np.int64]:
    """An integer column of a batch, without a copy."""
    values: NDArray[np.int64] = batch.column(name).to_numpy()
    return values
