"""A part of a foreign file under our names, as its column map says."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from processing.sources.column_map import ColumnMap
from processing.sources.dataset import TRANSACTIONS
from processing.sources.files import convert

_DAY_MS = 86_400_000


def mapped(source: pa.Table, columns: ColumnMap, *, with_labels: bool) -> pa.Table:
    """The rows with our names; with ``is_fraud`` and ``known`` if the map says where they are.

    Raises:
        ColumnMapError: a column cannot be read as what it is mapped to.
    """
    arrays = {}
    for field in TRANSACTIONS:
        theirs = columns.columns.get(field.name)
        if theirs is None:
            value = pa.scalar(columns.defaults.get(field.name), field.type)
            arrays[field.name] = pa.chunked_array([pa.repeat(value, source.num_rows)])
        elif field.name.endswith("_id") and pa.types.is_integer(source[theirs].type):
            arrays[field.name] = source[theirs]
        else:
            arrays[field.name] = convert(source, theirs, field)
    label = columns.labels
    if with_labels and label is not None:
        fraud = convert(source, label.is_fraud, pa.field("is_fraud", pa.bool_()))
        if label.known_at:
            moments = convert(source, label.known_at, pa.field("known", arrays["timestamp"].type))
            arrays["is_fraud"] = pc.and_(fraud, pc.is_valid(moments))
            known = moments.cast(pa.int64()).fill_null(0)
        else:
            arrays["is_fraud"] = fraud
            delay = int((label.delay_days or 0) * _DAY_MS)
            known = pc.add(arrays["timestamp"].cast(pa.int64()), delay)
        arrays["known"] = known
    return pa.table(arrays)


def wanted(columns: ColumnMap, *, with_labels: bool) -> list[str]:
    """The columns of the file that `mapped` needs."""
    names = list(columns.columns.values())
    if with_labels and columns.labels:
        label = columns.labels
        names += [name for name in (label.is_fraud, label.known_at) if name]
    return list(dict.fromkeys(names))
