"""The lake's keys, files and reading."""

from __future__ import annotations

from datetime import date
from pathlib import Path

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
from processing.lake.reading import read_labels, read_transactions
from tests.processing.builders import DAY, NOW, label, transaction


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


def test_a_date_range_is_read_in_order_of_arrival(tmp_path: Path) -> None:
    for number, (t_ms, arrival) in enumerate([(NOW, 3), (NOW + DAY, 2), (NOW + 2 * DAY, 1)]):
        file = tmp_path / raw_key(t_ms, "s", str(number))
        file.parent.mkdir(parents=True)
        file.write_bytes(parquet(transaction_table([(transaction(number, t_ms), arrival)])))
    assert read_transactions(tmp_path)["transaction_id"].tolist() == ["t2", "t1", "t0"]
    some = read_transactions(tmp_path, date(2026, 3, 2), date(2026, 3, 3))
    assert some["transaction_id"].tolist() == ["t1"]
    assert str(some["timestamp"].dtype) == "datetime64[ms, UTC]"
    assert read_labels(tmp_path / "labels").empty
