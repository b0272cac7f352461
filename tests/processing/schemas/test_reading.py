"""Framed records are read whatever they were written with, and broken ones are refused by name."""

from __future__ import annotations

import copy
import zlib
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from fastavro import schemaless_writer
from hypothesis import given, settings
from hypothesis import strategies as st

from processing.schemas import current
from processing.schemas.framing import HEADER_BYTES, UnreadableRecordError, frame, unframe
from processing.schemas.reading import MAX_BYTES
from tests.processing.schemas.registry import Table

NAME = "transactions-raw"
RECORD = {
    "transaction_id": "t1",
    "user_id": "u1",
    "merchant_id": "m1",
    "amount": Decimal("12.5"),
    "currency": "EUR",
    "timestamp": datetime(2026, 3, 1, tzinfo=UTC),
    "location": {"lat": 48.0, "lon": 2.0},
}
READ = {
    **RECORD,
    "amount": (12_500).to_bytes(2, "big"),
    "timestamp": 1_772_323_200_000,
    **dict.fromkeys(("country", "device", "channel", "status")),
}


def older(*without: str, **more: Any) -> dict[str, Any]:
    """The transaction's schema with other fields than today's."""
    schema = copy.deepcopy(current(NAME))
    schema["fields"] = [field for field in schema["fields"] if field["name"] not in without]
    schema["fields"] += [{"name": name, **field} for name, field in more.items()]
    return schema


def written(schema: Any, record: dict[str, Any]) -> bytes:
    body = BytesIO()
    schemaless_writer(body, schema, record)
    return body.getvalue()


@pytest.mark.parametrize("compress", [False, True])
def test_what_is_written_is_read(compress: bool) -> None:
    table = Table()
    data = table.writer(NAME, compress=compress).write(RECORD)
    assert (data[0], data[1], len(data[2:18])) == (3, 5 if compress else 0, 16)
    assert table.reader(NAME).read(data) == READ


def test_older_and_newer_writers_are_read_with_todays_schema() -> None:
    table = Table()
    schema = older("device", "location", wallet={"type": ["null", "string"], "default": None})
    data = frame(table.add(schema).bytes, written(schema, {**RECORD, "wallet": "w"}))
    found = table.reader(NAME).read(data)
    assert found == {**READ, "location": None}


def test_the_registry_is_asked_once_for_each_version() -> None:
    table = Table()
    reader, data = table.reader(NAME), table.writer(NAME).write(RECORD)
    for _ in range(3):
        reader.read(data)
    assert table.asked == 1


def test_an_unknown_version_is_refused_and_asked_for_again_only_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table, clock = Table(), [100.0]
    monkeypatch.setattr("processing.schemas.reading.time.monotonic", lambda: clock[0])
    reader, data = table.reader(NAME), table.writer(NAME).write(RECORD)
    version, text = table.definitions.popitem()
    for _ in range(3):
        with pytest.raises(UnreadableRecordError, match=f"schema version {version} is unknown: register it"):
            reader.read(data)
    assert table.asked == 1
    table.definitions[version] = text
    clock[0] += 61
    assert reader.read(data) == READ


def test_random_ids_do_not_fill_the_memory() -> None:
    table = Table()
    reader = table.reader(NAME)
    for number in range(1_100):
        with pytest.raises(UnreadableRecordError, match="unknown"):
            reader.read(frame(UUID(int=number).bytes, b""))
    assert len(reader._versions) <= 1_000


def test_an_unreachable_registry_is_no_verdict_on_the_record() -> None:
    table = Table()
    reader, data = table.reader(NAME), table.writer(NAME).write(RECORD)
    answers: list[ConnectionError | str] = [ConnectionError("no route"), table.definitions.popitem()[1]]

    def ask(_version: UUID) -> str:
        answer = answers.pop(0)
        if isinstance(answer, ConnectionError):
            raise answer
        return answer

    reader._definitions = ask
    with pytest.raises(ConnectionError):
        reader.read(data)
    assert reader.read(data) == READ


BODY = written(current(NAME), RECORD)
PACKED = zlib.compress(BODY)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\x03\x00short", "not a Glue frame"),
        (b"\x03\x07" + bytes(16) + BODY, "compression 7 is unknown: send 0 for none or 5 for zlib"),
        (b"\x03\x05" + bytes(16) + b"no zlib", "not valid zlib"),
        (b"\x03\x05" + bytes(16) + PACKED[:-3], "cut short"),
        (b"\x03\x05" + bytes(16) + PACKED + b"x", "more follows"),
        (b"\x03\x05" + bytes(16) + zlib.compress(bytes(50_000_000)), "unpacks to more than 262144 bytes"),
        (frame(bytes(16), bytes(MAX_BYTES + 1)), "send at most 262144"),
    ],
)
def test_a_broken_frame_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(UnreadableRecordError, match=said):
        unframe(data, MAX_BYTES)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "does not fit schema version"),
        (BODY[:-1], "does not fit schema version"),
        (BODY + b"\0", "1 bytes follow the Avro record"),
        (b"\x01" + BODY, "does not fit schema version"),  # a length of -1
        (b"\x04\xff\xff" + BODY[3:], "does not fit schema version"),  # not UTF-8
        (b"\xff" * 9 + b"\x7f" + BODY, "does not fit schema version"),  # a length beyond 64 bits
    ],
)
def test_a_broken_body_is_refused(body: bytes, said: str) -> None:
    table = Table()
    with pytest.raises(UnreadableRecordError, match=said):
        table.reader(NAME).read(frame(table.add(current(NAME)).bytes, body))


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        (current("fraud-labels"), "cannot be read as transactions-raw: Transaction: the record Label is now"),
        (older("amount"), "Transaction.amount: is new and has no default"),
        ("{", "is no Avro schema"),
        ('{"type": "nothing"}', "is no Avro schema"),
        ('"string"', "cannot be read as transactions-raw"),
    ],
)
def test_a_version_of_another_schema_is_refused_by_field(schema: Any, said: str) -> None:
    table = Table()
    with pytest.raises(UnreadableRecordError, match=said):
        table.reader(NAME).read(frame(table.add(schema).bytes, BODY))


TABLE = Table()
GOOD = TABLE.writer(NAME).write(RECORD)
OLD_SCHEMA = older("device", note={"type": {"type": "array", "items": "string"}})
OLD = frame(TABLE.add(OLD_SCHEMA).bytes, written(OLD_SCHEMA, {**RECORD, "note": ["a", "b"]}))
READER = TABLE.reader(NAME)


@settings(max_examples=500, deadline=None)
@given(st.sampled_from([GOOD, OLD]), st.data())
def test_damaged_bytes_are_read_or_refused_but_never_end_the_reader(good: bytes, data: st.DataObject) -> None:
    damaged = bytearray(good)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(HEADER_BYTES, len(damaged)))
        damaged[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    try:
        found = READER.read(bytes(damaged))
    except UnreadableRecordError:
        return
    assert set(found) == set(READ)
