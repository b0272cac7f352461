"""Stream records: the JSON that the platform accepts, missing values left out; dirt with known outcomes."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from processing.generator import Scenario, generate
from processing.sources.dataset import TRANSACTIONS
from processing.sources.dirt import DEFECTS, Dirt
from processing.sources.records import label_records, transaction_records

ROW = {
    "transaction_id": "t1",
    "user_id": "u1",
    "merchant_id": "m1",
    "amount": 12.3,
    "currency": "EUR",
    "timestamp": datetime(2026, 3, 1, 12, 34, 56, 789_000, tzinfo=UTC),
    "lat": 48.1,
    "lon": 11.5,
    "country": "DE",
    "device": "d1",
    "channel": "online",
    "status": "approved",
}


def test_a_full_row() -> None:
    (record,) = transaction_records(pa.Table.from_pylist([ROW], TRANSACTIONS))
    assert record.partition_key == "u1"
    assert record.time_ms == 1_772_368_496_789
    assert json.loads(record.data) == {
        **{k: v for k, v in ROW.items() if k not in ("lat", "lon")},
        "timestamp": "2026-03-01T12:34:56.789Z",
        "location": {"lat": 48.1, "lon": 11.5},
    }


def test_missing_values_are_left_out() -> None:
    bare = {**ROW, **dict.fromkeys(("lat", "country", "device", "channel", "status"))}
    (record,) = transaction_records(pa.Table.from_pylist([bare], TRANSACTIONS))
    assert json.loads(record.data).keys() == {
        "transaction_id", "user_id", "merchant_id", "amount", "currency", "timestamp",
    }  # fmt: skip


def test_labels_are_keyed_by_transaction() -> None:
    dataset = generate(Scenario(events=2_000, days=7))
    records = list(label_records(dataset.labels))
    assert len(records) == dataset.labels.num_rows
    document = json.loads(records[0].data)
    assert records[0].partition_key == document["transaction_id"]
    assert document.keys() == {
        "transaction_id", "is_fraud", "fraud_type", "confidence", "investigation_complete_time",
    }  # fmt: skip


def test_dirt_is_counted_deterministic_and_leaves_the_records_alone() -> None:
    clean = list(transaction_records(generate(Scenario(events=5_000, days=7)).transactions))
    dirt = Dirt(0.01, 0.01, seed=1)
    dirty = list(dirt.add_to(clean))
    assert dirty == list(Dirt(0.01, 0.01, seed=1).add_to(clean))
    assert dirt.expected["accepted"] == 5_000
    assert sum(dirt.expected.values()) == len(dirty)
    assert 25 < dirt.expected["duplicates"] < 100
    assert len(dirty) - len(set(dirty)) == dirt.expected["duplicates"]
    assert set(clean) <= set(dirty)


@pytest.mark.parametrize("rate", [-0.1, 1.5])
def test_a_rate_that_is_no_share_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="duplicate_rate"):
        Dirt(rate, 0)
    with pytest.raises(ValueError, match="defect_rate"):
        Dirt(0, rate)


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_every_defect_changes_the_bytes(defect: object) -> None:
    document = {k: v for k, v in ROW.items() if k != "timestamp"}
    assert isinstance(defect, tuple)
    assert defect[2](document) != json.dumps(document, separators=(",", ":")).encode()
