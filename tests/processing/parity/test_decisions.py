"""The record of a decision, as the server of today writes it in either format."""

from __future__ import annotations

import json

import pytest

from feature_groups import FEATURE_NAMES
from inference.predictions import encode
from processing.parity.served.decisions import AsOf, as_json, decode_decision
from processing.schemas.encoding import avro_encoder
from processing.schemas.framing import UnreadableRecordError
from tests.inference.decision_log.records import prediction
from tests.processing.schemas.registry import Table

NAME = "model-predictions"


def test_both_formats_give_the_same_decision() -> None:
    table = Table()
    document = encode(prediction(1))
    framed = avro_encoder(NAME, table.writer(NAME))(document)
    found = as_json(framed, table.reader(NAME))
    assert json.loads(found) == json.loads(document)
    assert as_json(document, table.reader(NAME)) == document
    decision = decode_decision(found)
    assert decision == decode_decision(document)
    assert decision.as_of == AsOf(None, 1_772_368_436_789, None)
    assert decision.features is not None
    assert decision.features[FEATURE_NAMES[3]] is None
    assert decision.decided_ms - decision.time_ms == 212


def test_avro_that_cannot_be_read_is_said() -> None:
    with pytest.raises(UnreadableRecordError):
        as_json(b"\x03\x00short", Table().reader(NAME))
