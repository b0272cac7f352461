"""Checked records as Arrow tables and Parquet bytes."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from processing.events import Label, Transaction
from processing.lake.schema import LABELS, RAW_TRANSACTIONS


def transaction_table(rows: Iterable[tuple[Transaction, int]]) -> pa.Table:
    """Transactions with their arrival times (milliseconds) as a table of `RAW_TRANSACTIONS`."""
    columns = zip(
        *(
            (
                t.transaction_id,
                t.user_id,
                t.merchant_id,
                t.amount_minor,
                t.currency,
                t.timestamp_ms,
                t.lat,
                t.lon,
                t.country,
                t.device,
                t.channel,
                t.status,
                arrival_ms,
            )
            for t, arrival_ms in rows
        ),
        strict=True,
    )
    return _table(columns, RAW_TRANSACTIONS)


def label_table(labels: Iterable[Label]) -> pa.Table:
    """Labels as a table of `LABELS`."""
    columns = zip(
        *((x.transaction_id, x.is_fraud, x.fraud_type, x.confidence, x.known_ms) for x in labels), strict=True
    )
    return _table(columns, LABELS)


def parquet(table: pa.Table, dictionaries: Sequence[str] | None = None) -> bytes:
    """A table as a Parquet file; the same table gives the same bytes.

    Args:
        dictionaries: columns whose values repeat, where the others' never do; None tries it with all.
    """
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd", use_dictionary=dictionaries or dictionaries is None)
    return sink.getvalue()


def _table(columns: Iterable[Iterable[object]], schema: pa.Schema) -> pa.Table:
    arrays = [pa.array(values, field.type) for values, field in zip(columns, schema, strict=False)]
    return pa.table(arrays, schema=schema) if arrays else schema.empty_table()
