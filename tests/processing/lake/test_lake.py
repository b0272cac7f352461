"""The lake's keys and files."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq

from processing.lake import (
    LABELS,
    RAW_TRANSACTIONS,
    label_key,
    label_table,
    parquet,
    raw_key,
    transaction_table,
)
from tests.processing.builders import NOW, label, transaction


def test_keys_are_partitioned_by_event_time() -> None:
    assert raw_key(NOW, "shard-1", "42") == "raw/transactions/date=2026-03-01/hour=12/shard-1-42.parquet"
    assert label_key(NOW, "shard-1", "42") == "labels/date=2026-03-01/shard-1-42.parquet"


def test_tables_have_the_declared_schema_and_stable_bytes() -> None:
    table = transaction_table([(transaction(), NOW + 5)])
    assert table.schema == RAW_TRANSACTIONS
    assert transaction_table([]).schema == RAW_TRANSACTIONS
    assert label_table([label()]).schema == LABELS
    assert parquet(table) == parquet(table)
    assert pq.read_table(pa.BufferReader(parquet(table))).to_pylist()[0]["amount_minor"] == 1250
