"""Records of decisions for the audit: the lake keeps them when the stream no longer does."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from processing.parity.served.collect import Logged

# The record is kept as it was logged; the other columns are for finding it.
PREDICTIONS = pa.schema(
    [
        pa.field("transaction_id", pa.string(), nullable=False),
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("merchant_id", pa.string(), nullable=False),
        pa.field("timestamp", pa.timestamp("ms", tz="UTC"), nullable=False),
        pa.field("decided_at", pa.timestamp("ms", tz="UTC"), nullable=False),
        pa.field("record", pa.string(), nullable=False),
    ]
)


def prediction_table(logged: Sequence[Logged]) -> pa.Table:
    """Logged decisions as a table of `PREDICTIONS`."""
    rows = [
        (d.transaction_id, d.user_id, d.merchant_id, d.time_ms, d.decided_ms, record.decode())
        for d, record in logged
    ]
    columns = zip(*rows, strict=True) if rows else ([] for _ in PREDICTIONS)
    arrays = [pa.array(list(values), field.type) for values, field in zip(columns, PREDICTIONS, strict=True)]
    return pa.table(arrays, schema=PREDICTIONS)
