"""The consumer as a process against a mirror: outputs and bad input."""

from __future__ import annotations

import base64
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from processing.events.moments import iso
from processing.lake import marker_keys
from processing.windows import MerchantState, UserState
from tests.processing.builders import DAY, HOUR, NOW, raw, raw_label
from tests.processing.events.test_transactions import BAD
from tests.processing.stream.consuming import (
    lake,
    payload,
    put_profile,
    read,
    send,
    stored,
    wait_for,
)
from tests.processing.stream.mirror import BUCKET, NAMES, Mirror, running

pytestmark = pytest.mark.slow


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    with running(tmp_path) as mirror:
        yield mirror


def every_prefix_exists(mirror: Mirror) -> None:
    """Before the first event: jobs refuse a prefix that holds nothing."""
    s3 = mirror.client("s3")
    account = mirror.client("sts").get_caller_identity()["Account"]
    expected, found = set(marker_keys(NAMES, account, s3.meta.region_name)), set[str]()
    end = time.monotonic() + 30
    while found != expected:
        assert time.monotonic() < end, f"{found}, expected {expected}"
        time.sleep(0.1)
        found = {entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])}


def test_events_reach_features_streams_lake_and_dead_letters(mirror: Mirror) -> None:
    put_profile(mirror)
    with mirror.consumer():
        every_prefix_exists(mirror)
    good = [("u1", raw(transaction_id=f"g{n}", timestamp=iso(NOW - DAY + n))) for n in range(20)]
    bad = [("u1", record) for record, _, _ in BAD.values() if record]
    send(mirror, "transactions-raw", good + bad + good[:3])
    with mirror.consumer():
        wait_for(mirror, read=len(good) + len(bad) + 3, pending=0)
        send(mirror, "fraud-labels", [("g3", raw_label(transaction_id="g3")), ("x", b"{}")])
        counted = wait_for(mirror, labels_read=2, pending=0)
    assert (counted["accepted"], counted["duplicates"]) == (20, 3)
    assert (counted["labels_accepted"], counted["labels_rejected"]) == (1, 1)
    kinds = Counter(kind for record, kind, _ in BAD.values() if record)
    assert {kind: counted[kind] for kind in kinds} == kinds
    for kind in ("schema-errors", "incomplete", "duplicates"):
        letters = read(mirror, NAMES.dead_letter_stream(kind))
        labels = int(kind == "incomplete")
        assert len(letters) == (3 if kind == "duplicates" else kinds[kind] + labels)
        assert all(letter["reason"] == kind for letter in letters)
    payloads = [payload(mirror, letter) for letter in read(mirror, NAMES.dead_letter_stream("schema-errors"))]
    refused = [record for record, kind, _ in BAD.values() if record and kind == "schema-errors"]
    assert sorted(payloads) == sorted(refused)
    enriched = read(mirror, NAMES.stream("transactions-enriched"))
    assert len(enriched) == 20
    assert {e["features"]["foreign_country"] for e in enriched} == {1.0}
    assert len(lake(mirror, "raw/transactions/date=2026-02-28/hour=12/")) == 20
    assert [row["transaction_id"] for row in lake(mirror, "labels/date=2026-03-01/")] == ["g3"]
    user, merchant = stored(mirror, "user-activity", "u1"), stored(mirror, "merchant", "m1")
    assert user["user_transaction_count_30d"] == "20"
    assert user["event_time"] == iso(NOW - DAY + 19)
    assert len(UserState.decode(base64.b64decode(user["state"])).times) == 20
    assert list(MerchantState.decode(base64.b64decode(merchant["state"])).frauds) == [NOW]


def test_a_label_before_its_transaction_survives_a_kill(mirror: Mirror) -> None:
    send(mirror, "fraud-labels", [("t1", raw_label(transaction_id="t1"))])
    with mirror.consumer() as process:
        wait_for(mirror, labels_unmatched=1, pending=0)
        process.kill()
        process.wait()
    send(mirror, "transactions-raw", [("u1", raw(transaction_id="t1", timestamp=iso(NOW - DAY)))])
    with mirror.consumer():
        counted = wait_for(mirror, accepted=1, pending=0)
    assert (counted["labels_accepted"], counted["labels_unmatched"]) == (1, 0)
    merchant = stored(mirror, "merchant", "m1")
    assert list(MerchantState.decode(base64.b64decode(merchant["state"])).frauds) == [NOW]


def test_what_is_no_newer_than_the_newest_transaction_reaches_the_feature_store_too(mirror: Mirror) -> None:
    """The online store ignores a record that is as old as the one it has."""

    def merchant() -> MerchantState:
        return MerchantState.decode(base64.b64decode(stored(mirror, "merchant", "m1")["state"]))

    with mirror.consumer():
        sent = [("t1", NOW), ("t2", NOW - HOUR // 12), ("t3", NOW)]
        for number, (name, t_ms) in enumerate(sent, 1):
            send(mirror, "transactions-raw", [("u1", raw(transaction_id=name, timestamp=iso(t_ms)))])
            wait_for(mirror, accepted=number, pending=0)  # and published
            assert len(merchant().times) == number
        report = raw_label(transaction_id="t2", investigation_complete_time=iso(NOW - 1))
        send(mirror, "fraud-labels", [("t2", report)])
        wait_for(mirror, labels_accepted=1, pending=0)
    assert list(merchant().frauds) == [NOW - 1]
    user = UserState.decode(base64.b64decode(stored(mirror, "user-activity", "u1")["state"]))
    assert list(user.times) == [NOW - HOUR // 12, NOW, NOW]
