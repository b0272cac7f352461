"""Producers write JSON, or the same record as Avro."""

from __future__ import annotations

import json
from typing import Any

import pytest

from feature_groups import MODEL_FEATURES
from feature_groups.names import Names
from processing.schemas.encoding import avro_encoder, encoder
from processing.schemas.writing import stream_format
from tests.processing.builders import raw, raw_label
from tests.processing.schemas.registry import Table

LETTER = {
    "reason": "schema-errors", "error": "e", "field": None, "stream": "s", "shard_id": "shardId-0",
    "sequence_number": "1", "partition_key": "u1", "arrival_time": "2026-03-01T00:00:00.000Z",
    "payload": "AAH/",
}  # fmt: skip
PREDICTION = {
    "transaction_id": "t1", "user_id": "u1", "merchant_id": "m1", "timestamp": "2026-03-01T00:00:00.000Z",
    "decided_at": "2026-03-01T00:00:00.005Z", "decision": "review", "decided_by": "model",
    "fallback_reason": None, "fraud_probability": 0.7, "model_version": "3", "rules_version": "1",
    "reasons": [{"feature": "amount", "value": 12.5, "contribution": 0.4, "text": "an amount of 12.50",
                 "direction": "raises", "share": 0.25},
                {"feature": "channel", "value": "atm", "contribution": None, "text": "at an ATM",
                 "direction": None, "share": None}],
    "features_used": {"amount": 12.5, "hour_of_day": None},
    "features_as_of": {"profile": None, "user": "2026-02-28T23:00:00.000Z", "merchant": None},
    "prediction_latency_ms": 1.5, "decision_id": "d1", "amount": 12.5, "currency": "EUR",
    "rules_live": ["r1"], "rules_shadow": [], "signals": {"risk": 0.5, "email": None}, "staleness_ms": 80.0,
    "review_threshold": 0.3, "decline_threshold": 0.8,
}  # fmt: skip
ENRICHED = {
    "transaction_id": "t1", "user_id": "u1", "merchant_id": "m1", "timestamp": "2026-03-01T00:00:00.000Z",
    "features": {feature.name: 3.0 for feature in MODEL_FEATURES} | {MODEL_FEATURES[0].name: None},
}  # fmt: skip


def through_avro(name: str, document: bytes) -> dict[str, Any]:
    table = Table()
    return table.reader(name).read(avro_encoder(name, table.writer(name))(document))


def test_transactions_and_labels() -> None:
    found = through_avro("transactions-raw", raw())
    assert (found["amount"], found["timestamp"]) == ((12_500).to_bytes(2, "big"), 1_772_368_496_789)
    assert through_avro("fraud-labels", raw_label())["investigation_complete_time"] == 1_772_368_496_789


def test_an_enriched_transaction() -> None:
    features = through_avro("transactions-enriched", json.dumps(ENRICHED).encode())["features"]
    assert features == ENRICHED["features"]
    kinds = {feature.name: int if feature.dtype == "Integral" else float for feature in MODEL_FEATURES[1:]}
    assert {name: type(features[name]) for name in kinds} == kinds


def test_a_prediction() -> None:
    found = through_avro("model-predictions", json.dumps(PREDICTION).encode())
    times = ("timestamp", "decided_at", "features_as_of")
    assert {k: v for k, v in found.items() if k not in times} == {
        k: v for k, v in PREDICTION.items() if k not in times
    }
    assert found["decided_at"] - found["timestamp"] == 5
    assert found["features_as_of"]["user"] == 1_772_319_600_000


def test_a_dead_letter_keeps_its_bytes() -> None:
    assert through_avro("dead-letters", json.dumps(LETTER).encode())["payload"] == b"\x00\x01\xff"


@pytest.mark.parametrize(
    ("name", "document", "said"),
    [
        ("transactions-raw", raw(user_id=5), r"\$\.user_id"),
        ("transactions-raw", raw(amount=1.23456), "does not fit transactions-raw: amount: Scale"),
        ("transactions-raw", raw(merchant_id=...), "merchant_id"),
        ("fraud-labels", raw_label(is_fraud="yes"), r"\$\.is_fraud"),
    ],
)
def test_a_record_that_does_not_fit_is_refused_by_its_producer(name: str, document: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        through_avro(name, document)


def test_a_writers_error_names_the_field() -> None:
    with pytest.raises(ValueError, match="does not fit transactions-raw: user_id is <5>"):
        Table().writer("transactions-raw").write({"transaction_id": "t1", "user_id": 5})


def test_json_is_the_default_and_needs_no_registry() -> None:
    assert encoder("transactions-raw", Names("dev"), None, {})(b"{}") == b"{}"
    assert stream_format({"FRAUDLINE_STREAM_FORMAT": "avro"}) == "avro"
    with pytest.raises(ValueError, match="FRAUDLINE_STREAM_FORMAT: 'xml' is unknown: set json or avro"):
        stream_format({"FRAUDLINE_STREAM_FORMAT": "xml"})
