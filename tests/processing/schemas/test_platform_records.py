"""What the platform itself writes, as its own code encodes it, fits the schemas of its streams."""

from __future__ import annotations

import math
from io import BytesIO
from typing import Any
from uuid import UUID

import msgspec
import pytest
from fastavro import schemaless_writer
from fastavro.schema import parse_schema

from feature_groups import FEATURE_NAMES
from inference.predictions import FeaturesAsOf, Prediction, encode
from inference.reasons import Reason
from processing.dead_letters.letters import parse
from processing.events import RejectedRecord
from processing.events.moments import iso
from processing.schemas import definition, history
from processing.schemas.encoding import avro_encoder
from processing.schemas.framing import frame
from processing.schemas.reading import AvroReader
from processing.stream.enriched import enriched
from processing.stream.records import Event, RawRecord, ShardId, dead_letter
from tests.processing.builders import NOW, transaction
from tests.processing.schemas.registry import Table


def through_avro(name: str, document: bytes) -> dict[str, Any]:
    table = Table()
    return table.reader(name).read(avro_encoder(name, table.writer(name))(document))


def prediction(**changes: Any) -> Prediction:
    given: dict[str, Any] = {
        "transaction_id": "t1",
        "user_id": "u1",
        "merchant_id": "m1",
        "timestamp": iso(NOW),
        "decided_at": iso(NOW + 5),
        "decision": "review",
        "decided_by": "model",
        "fallback_reason": None,
        "fraud_probability": 0.7,
        "reasons": [Reason("amount", 12.5, 0.4, "an amount of 12.50"), Reason("channel", "atm", None, "ATM")],
        "model_version": "3",
        "rules_version": "1",
        "features_used": [float(number) for number in range(len(FEATURE_NAMES) - 1)] + [math.nan],
        "features_as_of": FeaturesAsOf(None, iso(NOW - 1000), None),
        "prediction_latency_ms": 1.5,
    }
    return Prediction(**given | changes)


def test_the_prediction_log() -> None:
    found = through_avro("model-predictions", encode(prediction()))
    assert set(found) == set(Prediction.__struct_fields__) - {"contributions"}  # the audit has those
    expected = dict(zip(FEATURE_NAMES, [*range(len(FEATURE_NAMES) - 1), None], strict=True))
    assert found["features_used"] == expected
    assert found["reasons"][1]["value"] == "atm"
    assert (found["timestamp"], found["features_as_of"]["user"]) == (NOW, NOW - 1000)


def test_what_version_two_added_to_the_prediction_log() -> None:
    added: dict[str, Any] = {
        "decision_id": "d-1",
        "amount": 12.5,
        "currency": "EUR",
        "rules_live": ["velocity"],
        "rules_shadow": ["night", "new-device"],
        "signals": {"device_risk": 0.3, "email": "known", "address": None},
        "staleness_ms": 120.0,
        "review_threshold": 0.4,
        "decline_threshold": 0.9,
    }
    found = through_avro("model-predictions", encode(prediction(**added, contributions=b"1234")))
    assert {name: found[name] for name in added} == added


def test_predictions_of_version_one_are_still_read() -> None:
    first = history("model-predictions")[0]
    record = through_avro("model-predictions", encode(prediction())) | {"features_used": None}
    body = BytesIO()
    schemaless_writer(body, parse_schema(first), record)
    version = UUID(int=7)
    reader = AvroReader("model-predictions", lambda _: definition(first))
    found = reader.read(frame(version.bytes, body.getvalue()))
    assert (found["transaction_id"], found["decision_id"], found["signals"]) == ("t1", None, None)


def test_the_prediction_log_of_the_rules() -> None:
    none = ("fraud_probability", "model_version", "features_used", "features_as_of")
    rules = prediction(decided_by="rules", fallback_reason="no model", **dict.fromkeys(none))
    found = through_avro("model-predictions", encode(rules))
    assert {name: found[name] for name in none} == dict.fromkeys(none)


def test_enriched_transactions() -> None:
    values = [float(number) for number in range(len(FEATURE_NAMES) - 1)] + [math.nan]
    (record,) = enriched("s", [transaction()], [values])
    found = through_avro("transactions-enriched", record.data)
    assert found["features"] == dict(zip(FEATURE_NAMES, [*values[:-1], None], strict=True))
    assert found["timestamp"] == NOW


@pytest.mark.parametrize("data", [b"", b"\x03\x00\xff binary", b'{"amount": NaN}'])
def test_dead_letters(data: bytes) -> None:
    rejected = RejectedRecord("schema-errors", "amount", "is wrong")
    event = Event.of(
        ShardId("transactions-raw", "shardId-0"), RawRecord("7", NOW, data, "replay/u1"), rejected
    )
    document = dead_letter(event, "fraudline-dev-transactions-raw", "schema-errors", "amount", str(rejected))
    found = through_avro("dead-letters", document)
    assert (found["payload"], found["partition_key"], found["arrival_time"]) == (data, "u1", NOW)
    assert set(msgspec.json.decode(document)) == set(found) - {"payload_uri"}
    letter = parse("schema-errors", document)
    assert (letter.payload, letter.sequence, letter.error) == (data, "7", "amount: is wrong")
