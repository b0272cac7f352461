"""The stream of decisions: full calls, only what was refused again, JSON or Avro."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from feature_groups import FEATURE_NAMES
from feature_groups.names import Names
from inference.decision_log.pieces import Piece, count
from inference.decision_log.sinks import UnacceptableError, UnavailableError
from inference.decision_log.sinks.stream import MOST_RECORDS, StreamSink
from processing.schemas.encoding import avro_encoder
from processing.stream.records import Outgoing
from tests.inference.decision_log.records import prediction
from tests.processing.schemas.registry import Table


class Kinesis:
    """``PutRecords`` that does what a script says: by call number, which records fail, or an error."""

    def __init__(self, script: Callable[[int], list[int]] = lambda _: []) -> None:
        self._script = script
        self.calls: list[list[Outgoing]] = []
        self.arrived: list[str] = []

    def put_records(self, stream: str, records: list[Outgoing]) -> list[int]:
        assert stream == "predictions"
        self.calls.append(records)
        failed = self._script(len(self.calls))
        self.arrived += [record.partition_key for index, record in enumerate(records) if index not in failed]
        return failed


def sink(client: Kinesis) -> StreamSink:
    return StreamSink(client, "predictions", lambda: lambda document: document)


def pieces(*sizes: int) -> list[Piece]:
    found, number = [], 0
    for size in sizes:
        records = [prediction(number + index) for index in range(size)]
        found.append(Piece("segment", number, FEATURE_NAMES, records))
        number += size
    return found


def test_records_go_in_full_calls_and_in_their_order() -> None:
    client = Kinesis()
    sink(client).deliver(pieces(MOST_RECORDS - 1, MOST_RECORDS, 2))
    assert [len(call) for call in client.calls] == [MOST_RECORDS, MOST_RECORDS, 1]
    assert client.arrived == [f"t-{number}" for number in range(2 * MOST_RECORDS + 1)]


def test_a_call_is_no_larger_than_the_service_takes() -> None:
    client = Kinesis()
    large = [prediction(number, fallback_reason="x" * 2_000_000) for number in range(5)]
    sink(client).deliver([Piece("segment", 0, FEATURE_NAMES, large)])
    assert [len(call) for call in client.calls] == [2, 2, 1]


def test_only_what_was_refused_is_left() -> None:
    client = Kinesis(lambda call: [1, 3] if call == 1 else [])
    with pytest.raises(UnavailableError, match="some records were refused") as failure:
        sink(client).deliver(pieces(5))
    assert failure.value.left is not None
    sink(client).deliver(failure.value.left)
    assert client.arrived == ["t-0", "t-2", "t-4", "t-1", "t-3"]


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "PutRecords"),
        EndpointConnectionError(endpoint_url="-"),
    ],
)
def test_a_stream_that_takes_nothing_is_asked_once(error: Exception) -> None:
    def script(_: int) -> list[int]:
        raise error

    client = Kinesis(script)
    with pytest.raises(UnavailableError) as failure:
        sink(client).deliver(pieces(MOST_RECORDS, 10))
    assert len(client.calls) == 1
    assert failure.value.left is not None
    assert count(failure.value.left) == MOST_RECORDS + 10


def test_the_record_is_json_with_features_by_the_names_of_their_release() -> None:
    client = Kinesis()
    record = prediction(1, features_used=[1.0, float("nan")], rules_live=("velocity",))
    sink(client).deliver([Piece("segment", 0, ("old-feature", "other"), [record])])
    document = json.loads(client.calls[0][0].data)
    assert document["features_used"] == {"old-feature": 1.0, "other": None}
    assert document["rules_live"] == ["velocity"]
    assert document["signals"] == {"device_risk": 0.3, "email": "known", "address": None}
    assert "contributions" not in document


def test_a_record_whose_features_have_no_names_is_unacceptable() -> None:
    with pytest.raises(UnacceptableError):
        sink(Kinesis()).deliver([Piece("segment", 0, ("one",), [prediction(1)])])


def test_avro_where_the_format_says_so_and_the_registry_may_be_down_first() -> None:
    table = Table()
    answers = [
        LookupError("not registered yet"),
        avro_encoder("model-predictions", table.writer("model-predictions")),
    ]

    def format_of() -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    client = Kinesis()
    avro = StreamSink(client, "predictions", format_of)
    with pytest.raises(UnavailableError, match="schema registry: not registered yet"):
        avro.deliver(pieces(1))
    avro.deliver(pieces(1))
    found = table.reader("model-predictions").read(client.calls[0][0].data)
    assert (found["decision_id"], found["review_threshold"]) == ("d-00000000", 0.4)


def test_a_format_that_is_none_is_said_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAUDLINE_STREAM_FORMAT", "xml")
    with pytest.raises(ValueError, match="FRAUDLINE_STREAM_FORMAT"):
        StreamSink.create("predictions", Names())
