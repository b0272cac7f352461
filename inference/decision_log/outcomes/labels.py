"""What transactions turned out to be, from the lake's labels or a file of them."""

from __future__ import annotations

import io
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from inference.decision_log.past.decision import SourceError
from inference.decision_log.past.objects import Objects
from processing.lake.schema import LABELS

_THREADS = 8
_NEEDED = ("transaction_id", "is_fraud")
_KNOWN = "investigation_complete_time"
SCHEMA = pa.schema([LABELS.field(name) for name in _NEEDED])


def read_labels(objects: Objects, transactions: pa.ChunkedArray, since: date) -> pa.Table:
    """The last label of each of these transactions: `SCHEMA`.

    Args:
        since: partitions of labels that became known before that day are not read.

    Raises:
        SourceError: a file cannot be read, or is no file of labels.
    """
    ids = pc.unique(transactions)
    keys = [key for key in objects.keys("") if key.endswith(".parquet") and not _before(key, since)]
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="labels") as pool:
        found = pool.map(lambda key: _matching(objects, key, ids), keys)
        return _last(found)


def _before(key: str, since: date) -> bool:
    partition = key.partition("/")[0]
    return partition.startswith("date=") and partition[5:] < f"{since:%Y-%m-%d}"


def _matching(objects: Objects, key: str, ids: pa.Array) -> pa.Table:
    try:
        with pq.ParquetFile(io.BytesIO(objects.read(key))) as file:
            present = [name for name in (*_NEEDED, _KNOWN) if name in file.schema_arrow.names]
            table = file.read(columns=present)
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"{objects.where}{key}: is no Parquet file of labels: {error}") from error
    missing = [name for name in _NEEDED if name not in present]
    if missing:
        raise SourceError(
            f"{objects.where}{key}: has no column {missing[0]}: labels have transaction_id, is_fraud"
        )
    if _KNOWN not in present:
        table = table.append_column(_KNOWN, pa.nulls(table.num_rows, LABELS.field(_KNOWN).type))
    matching = table.filter(pc.is_in(table["transaction_id"].cast(pa.string()), value_set=ids))
    return matching.cast(pa.schema([*SCHEMA, LABELS.field(_KNOWN).with_nullable(True)]), safe=False)


def _last(tables: Iterable[pa.Table]) -> pa.Table:
    schema = pa.schema([*SCHEMA, LABELS.field(_KNOWN).with_nullable(True)])
    table = pa.concat_tables([schema.empty_table(), *tables]).sort_by([(_KNOWN, "ascending")])
    grouped = table.group_by("transaction_id", use_threads=False).aggregate([("is_fraud", "last")])
    return grouped.rename_columns({"is_fraud_last": "is_fraud"}).select(list(SCHEMA.names))
