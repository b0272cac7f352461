"""The lake's keys and files."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq

from feature_groups import FEATURE_NAMES
from processing.lake import (
    FEATURES,
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


def test_the_table_of_features_follows_the_declarations() -> None:
    assert FEATURES.names == ["transaction_id", *FEATURE_NAMES]
    assert {field.type for field in FEATURES} == {pa.string(), pa.float64()}
    assert FEATURES.field("user_amount_sum_1h").metadata == {
        b"description": b"Sum of the user's amounts in the last hour",
        b"unit": b"major units",
        b"sensitivity": b"personal",
    }
