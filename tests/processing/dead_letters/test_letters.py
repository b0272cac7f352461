"""Letters are parsed, grouped, selected and shown; a stream that refuses ends a replay without loss."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import pytest

from processing.dead_letters import replay as replaying
from processing.dead_letters.journal import Entry
from processing.dead_letters.letters import Letter, NotALetterError, parse
from processing.dead_letters.payloads import PayloadError, hex_dump, payload, readable
from processing.dead_letters.replay import ReplayError, replay
from processing.dead_letters.selection import Selection
from processing.dead_letters.summary import reason, summarise
from processing.schemas.encoding import avro_encoder
from processing.schemas.reading import UnknownVersionError
from tests.processing.builders import raw
from tests.processing.schemas.registry import Table

START = datetime(2026, 3, 1, tzinfo=UTC)


def letter(number: int = 1, **changes: Any) -> Letter:
    fields: dict[str, Any] = {
        "kind": "schema-errors",
        "error": "currency: 'XXX' is unknown: use an active ISO 4217 code like 'EUR'",
        "field": "currency",
        "stream": "fraudline-dev-transactions-raw",
        "shard": "shardId-000000000000",
        "sequence": str(number),
        "partition_key": "u1",
        "arrived": START + timedelta(seconds=number),
        "payload": b"data",
    }
    return Letter(**fields | changes)


def envelope(**changes: Any) -> bytes:
    fields = letter().as_dict()
    document = {**fields, "reason": fields["kind"], **changes}
    return json.dumps({key: value for key, value in document.items() if value is not ...}).encode()


def test_a_letter_is_parsed() -> None:
    assert parse("schema-errors", envelope()) == letter()
    assert parse("late", envelope(payload=base64.b64encode(b"\0\xff").decode())).payload == b"\0\xff"
    # Letters from before the key was kept.
    assert parse("schema-errors", envelope(partition_key=...)).partition_key == "-"
    moved = parse("schema-errors", envelope(payload=None, payload_uri="s3://b/k"))
    assert (moved.payload, moved.payload_uri) == (None, "s3://b/k")


@pytest.mark.parametrize("data", [b"", b"hello", b"[]", envelope(stream=...), envelope(payload="!")])
def test_what_is_no_letter_is_said(data: bytes) -> None:
    with pytest.raises(NotALetterError, match="a record on the incomplete stream is no dead letter: "):
        parse("incomplete", data)


@pytest.mark.parametrize(
    ("error", "field", "group"),
    [
        ("timestamp: 412 s old: send it within 300 s, or replay it", "timestamp",
         "timestamp: … s old: send it within … s, or replay it"),
        ("currency: 'XXX' is unknown: use an active ISO 4217 code like 'EUR'", "currency",
         "currency: … is unknown: use an active ISO … code like …"),
        ("timestamp: 2026-03-01T12:34:56.789Z is 90 s in the future: check the sender's clock", "timestamp",
         "timestamp: … is … s in the future: check the sender's clock"),
        ("schema version 6ba7b810-9dad-11d1-80b4-00c04fd430c8 is unknown: register it first", None,
         "schema version … is unknown: register it first"),
        ("any id arrived less than 60 s ago: send each transaction once", "transaction_id",
         "… arrived less than … s ago: send each transaction once"),
        ("user_id: any id is unknown: put its record into the feature group g", "user_id",
         "user_id: … is unknown: put its record into the feature group g"),
    ],
)  # fmt: skip
def test_errors_are_grouped_without_their_values(error: str, field: str | None, group: str) -> None:
    assert reason(letter(error=error, field=field)) == group


def test_kinds_are_counted_with_their_reasons() -> None:
    found = [letter(3), letter(1), letter(2, error="other"), letter(5, kind="late")]
    kinds = {kind.kind: kind for kind in summarise(found)}
    errors = kinds["schema-errors"]
    assert (errors.count, errors.oldest, errors.newest) == (3, letter(1).arrived, letter(3).arrived)
    assert errors.reasons == [(reason(letter()), 2), ("other", 1)]
    assert (kinds["late"].count, kinds["duplicates"].count, kinds["duplicates"].oldest) == (1, 0, None)


@pytest.mark.parametrize(
    ("selection", "numbers"),
    [
        (Selection(), [1, 2, 3]),
        (Selection(reason="UNKNOWN"), [1, 3]),
        (Selection(field="amount"), [2]),
        (Selection(first=2), [2, 3]),
        (Selection(first=2, last=2), [2]),
        (Selection(ids=["3"]), [3]),
        (Selection(ids=[letter(1).id, "2"]), [1, 2]),
        (Selection(reason="unknown", last=1), [1]),
    ],
)
def test_all_conditions_have_to_hold(selection: Selection, numbers: list[int]) -> None:
    found = [letter(1), letter(2, field="amount", error="amount: is null: send a number"), letter(3)]
    assert [int(one.sequence) for one in found if selection.matches(one)] == numbers


def no_definitions(version: UUID) -> str:
    raise UnknownVersionError(str(version))


def test_bytes_are_written_for_people() -> None:
    assert readable(b'{"a":"\xc3\xa9"}', no_definitions) == ("JSON", '{\n  "a": "é"\n}')
    assert readable(b"hello", no_definitions) == ("text, not JSON", "hello")
    assert readable(b"\x00\xff", no_definitions)[0] == "binary"
    table = Table()
    framed = avro_encoder("transactions-raw", table.writer("transactions-raw"))(raw())
    form, text = readable(framed, table)
    assert (form, json.loads(text)["amount"]) == ("Avro", "12.500")
    assert json.loads(text)["timestamp"] == "2026-03-01T12:34:56.789000+00:00"
    form, text = readable(framed, no_definitions)
    assert form.startswith("Avro that cannot be read: schema version ")
    assert text.startswith("00000000  03 00 ")
    assert hex_dump(bytes(600)).endswith("... 88 bytes more")


def test_a_letter_without_bytes_is_refused() -> None:
    with pytest.raises(PayloadError, match="neither payload nor payload_uri"):
        payload(None, letter(payload=None))


class _Refusing:
    """Kinesis that takes every record but those with certain bytes."""

    def __init__(self, refused: bytes) -> None:
        self.refused, self.taken, self.calls = refused, list[bytes](), 0

    def put_records(self, StreamName: str, Records: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: ARG002, N803
        self.calls += 1
        results = []
        for record in Records:
            if record["Data"] == self.refused:
                results.append({"ErrorCode": "KMSAccessDenied", "ErrorMessage": "no key"})
            else:
                self.taken.append(record["Data"])
                results.append({"SequenceNumber": "1"})
        return {"Records": results}


class _Journal:
    def __init__(self) -> None:
        self.completed: list[str] = []

    def begin(self, letters: list[str]) -> Entry:
        return Entry("k", START, letters, done=False)

    def complete(self, _entry: Entry, letters: list[str]) -> None:
        self.completed += letters


def test_a_stream_that_refuses_ends_a_replay_and_what_arrived_is_noted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(replaying, "_FIRST_PAUSE_S", 0.0)
    kinesis, journal, told = _Refusing(b"2"), _Journal(), list[int]()
    letters = [letter(number, payload=str(number).encode()) for number in range(1, 4)]
    with pytest.raises(ReplayError, match="refused 1 records 8 times: no key"):
        replay(kinesis, None, cast(Any, journal), letters, told.append)
    assert (kinesis.taken, told) == ([b"1", b"3"], [2])
    assert journal.completed == [letters[0].id, letters[2].id]


def test_requests_hold_what_fits_of_one_stream() -> None:
    big = [letter(number, payload=bytes(1_000_000)) for number in range(6)]
    other = letter(9, stream="fraudline-dev-fraud-labels")
    small = [letter(number) for number in range(10, 611)]
    kinesis, journal, told = _Refusing(b""), _Journal(), list[int]()
    replay(kinesis, None, cast(Any, journal), [*big, other, *small], told.append)
    assert told == [4, 2, 1, 500, 101]
