"""Real streams, a real registry and a real consumer: Avro in, dead letters out and back."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from processing.dead_letters.journal import Journal
from processing.dead_letters.letters import parse
from processing.dead_letters.reading import records
from processing.events.moments import iso
from processing.schemas.encoding import encoder
from processing.stream.replays import entry
from tests.processing.builders import raw
from tests.processing.dead_letters.conftest import Live
from tests.processing.stream.consuming import read, send, wait_for
from tests.processing.stream.mirror import BUCKET, NAMES

pytestmark = pytest.mark.slow

LARGE = b"x" * 800_000
RAW = NAMES.stream("transactions-raw")
ENRICHED = NAMES.stream("transactions-enriched")


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def accepted(live: Live) -> int:
    path = live.folder / "consumer" / "counters.json"
    return int(json.loads(path.read_text())["accepted"]) if path.exists() else 0


def features_of(live: Live, user: str) -> dict[str, Any]:
    """Features of a user's transactions by the end of their ids."""
    found = [record for record in read(live, ENRICHED) if record["user_id"] == user]
    return {record["transaction_id"].partition("-")[2]: record["features"] for record in found}


def test_avro_gives_the_features_of_json(live: Live) -> None:
    glue, began, before = live.client("glue"), now_ms() - 60_000, accepted(live)
    encoders = {
        form: encoder("transactions-raw", NAMES, glue, {"FRAUDLINE_STREAM_FORMAT": form})
        for form in ("json", "avro")
    }
    for number in range(20):
        sent = [
            (
                form,
                encode(
                    raw(
                        transaction_id=f"{form}-{number}",
                        user_id=form,
                        merchant_id=f"{form}-{number % 3}",
                        amount=10 + number / 4,
                        device=f"d{number // 4}",
                        timestamp=iso(began + 1_000 * number),
                    )
                ),
            )
            for form, encode in encoders.items()
        ]
        assert sent[1][1][0] == 3
        send(live, "transactions-raw", sent)
    wait_for(live, accepted=before + 40)
    deadline = time.monotonic() + 30
    while len(features_of(live, "avro")) < 20 and time.monotonic() < deadline:
        time.sleep(0.1)
    by_json, by_avro = features_of(live, "json"), features_of(live, "avro")
    assert len(by_json) == 20
    assert by_avro == by_json


def bad_records(live: Live) -> list[bytes]:
    """One of each fault, one too large for a letter; the last is a good record that is 6 minutes old."""
    unknown = b"\x03\x00" + bytes(16) + b"body"
    stale = raw(transaction_id="stale", timestamp=iso(now_ms() - 360_000))
    currency = raw(transaction_id="c1", currency="XXX", timestamp=iso(now_ms()))
    incomplete = raw(transaction_id="i1", amount=None, timestamp=iso(now_ms()))
    return [currency, incomplete, b"\x00\xff\xfe binary", unknown, LARGE, stale]


@pytest.fixture(scope="module")
def bad(live: Live) -> list[bytes]:
    """Bad records, sent, and in the dead-letter streams."""
    sent = bad_records(live)
    send(live, "transactions-raw", [(f"key-{number}", data) for number, data in enumerate(sent)])
    twice = raw(transaction_id="twice", timestamp=iso(now_ms()))
    send(live, "transactions-raw", [("u1", twice), ("u1", twice)])
    deadline = time.monotonic() + 60
    while live.dlq("list")["dead_letters"] < 7 and time.monotonic() < deadline:
        time.sleep(0.2)
    return sent


def test_letters_are_counted_by_kind_and_reason(live: Live, bad: list[bytes]) -> None:
    live.client("cloudwatch").put_metric_data(
        Namespace="Fraudline",
        MetricData=[
            {
                "MetricName": "read",
                "Value": 1400,
                "Unit": "Count",
                "Dimensions": [{"Name": "Environment", "Value": NAMES.environment}],
            }
        ],
    )
    found = live.dlq("list")
    counts = {kind["kind"]: kind["count"] for kind in found["kinds"]}
    assert counts == {"schema-errors": 5, "duplicates": 1, "incomplete": 1, "processing-errors": 0, "late": 0}
    assert (found["dead_letters"], found["transactions_read"], found["rate_percent"]) == (7, 1400, 0.5)
    reasons = {line["reason"] for kind in found["kinds"] for line in kind["reasons"]}
    assert "timestamp: … s old: send it within … s, or replay it" in reasons
    text = live.run("list").output
    assert "7 dead letters of 1,400 transactions read: 0.500 %, above 0.1 %" in text


def test_every_letter_keeps_bytes_reason_and_offset(live: Live, bad: list[bytes]) -> None:
    letters = live.dlq("show", "--last", "100")
    originals = {record["SequenceNumber"]: record for record in raw_records(live)}
    for letter in letters:
        if letter["payload_uri"]:
            continue  # see below
        original = originals[letter["sequence_number"]]
        assert parse_payload(letter) == original["Data"]
        assert letter["partition_key"] == original["PartitionKey"]
        assert letter["stream"] == RAW
        assert letter["error"]
    found = {parse_payload(letter) for letter in letters if letter["payload"]}
    assert found == {*bad, originals[letters[-1]["sequence_number"]]["Data"]} - {LARGE}
    binary = live.run("show", "--kind", "schema-errors", "--last", "100").output
    assert "00000000  00 ff fe 20 62 69 6e 61 72 79" in binary
    assert "Avro that cannot be read: schema version 00000000-" in binary
    assert '"currency": "XXX"' in binary


def test_a_letter_too_large_for_a_record_is_in_the_lake_and_can_be_replayed(
    live: Live, bad: list[bytes]
) -> None:
    (letter,) = (one for one in live.dlq("show", "--last", "100") if one["payload_uri"])
    assert letter["error"] == "record of 800000 bytes: send at most 262144"
    assert (letter["format"], letter["readable"]) == ("text, not JSON", LARGE.decode())
    assert live.dlq("replay", "--id", letter["id"])["replayed"] == 1
    copies = [record["PartitionKey"] for record in raw_records(live) if record["Data"] == LARGE]
    assert copies == ["key-4", "replay/key-4"]


def parse_payload(letter: dict[str, Any]) -> bytes:
    document = json.dumps({**letter, "reason": letter["kind"]}).encode()
    payload = parse(letter["kind"], document).payload
    assert payload is not None
    return payload


def raw_records(live: Live) -> list[dict[str, Any]]:
    return list(records(live.client("kinesis"), RAW, datetime(2020, 1, 1, tzinfo=UTC)))


def test_a_replay_is_accepted_at_any_age_and_sent_once(live: Live, bad: list[bytes]) -> None:
    before = accepted(live)
    chosen = ("--kind", "schema-errors", "--field", "timestamp")
    dry = live.dlq("replay", *chosen, "--dry-run")
    assert (dry["selected"], dry["replayed"], len(dry["ids"])) == (1, 0, 1)
    assert accepted(live) == before
    assert live.dlq("replay", *chosen)["replayed"] == 1
    wait_for(live, accepted=before + 1)
    again = live.dlq("replay", *chosen)
    assert (again["selected"], again["already_replayed"], again["replayed"]) == (1, 1, 0)
    copies = [record for record in raw_records(live) if record["Data"] == bad[-1]]
    assert [record["PartitionKey"] for record in copies] == ["key-5", "replay/key-5"]
    text = live.run("replay", *chosen).output
    assert text.startswith("1 selected, 1 replayed before, 0 replayed (")


def test_an_interrupted_replay_sends_only_what_is_missing(live: Live, bad: list[bytes]) -> None:
    """Two requests began and were never completed: the record of one arrived, that of the other did not."""
    kinesis, journal = live.client("kinesis"), Journal(live.client("s3"), BUCKET)
    shown = live.dlq("show", "--last", "100")
    letters = {parse_payload(letter): letter for letter in shown if letter["payload"]}
    arrived, lost = letters[bad[0]], letters[bad[1]]
    journal.begin([arrived["id"]])
    kinesis.put_records(StreamName=RAW, Records=[entry(bad[0], arrived["partition_key"])])
    journal.begin([lost["id"]])
    ids = ("--id", arrived["id"], "--id", lost["sequence_number"])
    found = live.dlq("replay", *ids)
    assert (found["selected"], found["already_replayed"], found["ids"]) == (2, 1, [lost["id"]])
    assert live.dlq("replay", *ids)["already_replayed"] == 2


def test_a_selection_by_sequence_and_reason(live: Live, bad: list[bytes]) -> None:
    letters = live.dlq("show", "--kind", "schema-errors", "--last", "100")
    sequence = letters[0]["sequence_number"]
    by_range = live.dlq("replay", "--from-sequence", sequence, "--to-sequence", sequence, "--dry-run")
    assert by_range["selected"] == 1
    by_reason = live.dlq("replay", "--reason", "IS UNKNOWN: USE", "--dry-run")
    errors = {letter["id"]: letter["error"] for letter in letters}
    assert by_reason["selected"] >= 1
    assert all("is unknown: use an active ISO 4217" in errors[id_] for id_ in by_reason["ids"])
    everything = live.dlq("replay", "--all", "--dry-run")
    assert everything["selected"] >= 5
    duplicate = live.dlq("show", "--kind", "duplicates")[0]["id"]
    assert duplicate not in everything["ids"]
    assert live.dlq("replay", "--id", duplicate, "--dry-run")["selected"] == 1


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("replay",), "say which letters: --kind, --reason"),
        (("replay", "--kind", "late"), "'late' is not one of"),
        (("show", "no-such-id"), "no such letter; look further back with --since"),
        (("list", "--since", "yesterday"), "give 30m, 24h, 14d or 2026-03-01T12:00:00Z"),
        (("list", "--environment", "other"), "ResourceNotFoundException"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(live: Live, args: tuple[str, ...], said: str) -> None:
    done = live.run(*args)
    assert done.exit_code != 0
    assert said in done.output
    assert "Traceback" not in done.output
