"""A consumer that is killed again and again ends where one ends that was left alone."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from processing.events.moments import iso
from processing.stream.counters import COUNTERS
from processing.stream.store import Store
from tests.processing.builders import NOW, raw, raw_label
from tests.processing.stream.consuming import counters, lake, read, send, stored, wait_for
from tests.processing.stream.mirror import NAMES, Mirror, running

USERS = [f"u{n}" for n in range(40)]
MERCHANTS = [f"m{n}" for n in range(5)]  # each with more events than are kept one by one, given time
SECOND, MINUTE = 1_000, 60_000

Records = list[tuple[str, bytes]]


def transactions(size: int, chance: random.Random) -> Iterator[tuple[str, bytes]]:
    """In time, out of order, with ties, late; some sent twice, some malformed."""
    for n in range(size):
        behind = chance.choice([0, 0, 0, 1, 59, 180] if n % 97 else [1_200]) * SECOND
        user = chance.choice(USERS)
        record = raw(
            transaction_id=f"t{n}",
            user_id=user,
            merchant_id=chance.choice(MERCHANTS),
            amount=chance.randrange(1, 10**6) / 100,
            device=f"d{chance.randrange(60)}",
            country=chance.choice(["FR", "DE", None]),
            status=chance.choice(["approved", "declined"]),
            timestamp=iso(NOW + n // 2 * 10 * SECOND - behind),
        )
        yield user, record
        if n % 101 == 0:
            yield user, record
        if n % 211 == 0:
            yield user, record[:-9]


def labels(size: int) -> Iterator[tuple[str, bytes]]:
    """Frauds, some reported twice, some before their transaction is read, some of nothing we know."""
    for n in range(0, size + 50, 50):
        known_ms = NOW + max(0, n // 2 * 10 + (30 * 60 if n % 100 else -60)) * SECOND
        label = raw_label(transaction_id=f"t{n}", investigation_complete_time=iso(known_ms))
        yield f"t{n}", label
        if n % 300 == 0:
            yield f"t{n}", label


def outcome(mirror: Mirror) -> dict[str, Any]:
    """Everything that has to be equal, bit for bit."""
    store = Store(mirror.folder / "consumer" / "store")
    states = {"users": store.users(USERS), "merchants": store.merchants(MERCHANTS)}
    counted = {name: count for name, count in store.counters().items() if name in COUNTERS}
    store.close()
    enriched: dict[str, str] = {}
    for record in read(mirror, NAMES.stream("transactions-enriched")):
        text = json.dumps(record)
        assert enriched.setdefault(record["transaction_id"], text) == text  # sent again, but the same
    late = {letter["sequence_number"]: letter for letter in read(mirror, NAMES.stream("transactions-late"))}
    rows = [{k: v for k, v in row.items() if k != "arrival_time"} for row in lake(mirror, "raw/")]
    return {
        "states": states,
        "counters": counted,
        "enriched": enriched,
        "late payloads": sorted(letter["payload"] for letter in late.values()),
        "lake": sorted(map(repr, rows)),
        "labels": sorted(map(repr, lake(mirror, "labels/"))),
        "user records": [_undated(stored(mirror, "user-activity", user)) for user in USERS],
        "merchant records": [_undated(stored(mirror, "merchant", merchant)) for merchant in MERCHANTS],
    }


def _undated(record: dict[str, str]) -> dict[str, str]:
    """Without its event time, which tells in how many commits the last inputs came."""
    return {name: value for name, value in record.items() if name != "event_time"}


def consumed(folder: Path, records: Records, known: Records, kills: int, chance: random.Random) -> Any:
    """The outcome of a log that was there from the start, with so many kills on the way."""
    folder.mkdir()
    with running(folder) as mirror:
        send(mirror, "transactions-raw", records)
        send(mirror, "fraud-labels", known)
        # Small batches, so that there are many moments to be killed at; none has to be like another.
        for _ in range(kills):
            size = str(chance.choice([50, 100, 200]))
            with mirror.consumer(FRAUDLINE_BATCH_SIZE=size) as process:
                before = counters(mirror).get("read", 0)
                if before == len(records):
                    raise AssertionError("the log came to its end before the kills: make it longer")
                while counters(mirror).get("read", 0) == before:
                    time.sleep(0.005)
                time.sleep(chance.uniform(0, 0.2))
                process.kill()
                process.wait()
        with mirror.consumer():
            wait_for(mirror, 240, read=len(records), labels_read=len(known), pending=0)
        return outcome(mirror)


@pytest.mark.parametrize(
    ("kills", "size"),
    [
        pytest.param(2, 3_000, marks=pytest.mark.slow),
        pytest.param(20, 12_000, marks=[pytest.mark.drill, pytest.mark.timeout(1_200)]),
    ],
)
def test_killed_consumers_end_where_one_ends_that_was_left_alone(
    tmp_path: Path, kills: int, size: int
) -> None:
    chance = random.Random(20)
    records, known = list(transactions(size, chance)), list(labels(size))
    expected = consumed(tmp_path / "alone", records, known, 0, chance)
    counted = expected["counters"]
    assert min(counted[name] for name in ("late", "duplicates", "schema-errors", "labels_accepted")) > 10
    actual = consumed(tmp_path / "killed", records, known, kills, chance)
    for name, value in expected.items():
        assert actual[name] == value, name
    assert len(expected["enriched"]) == counted["accepted"] - counted["late"]
    assert len(expected["lake"]) == counted["accepted"]
