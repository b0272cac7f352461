"""The consumer as a process against a mirror: outputs, bad input, and being killed."""

from __future__ import annotations

import base64
import io
import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from processing.events.moments import iso
from processing.lake import marker_keys
from processing.windows import MerchantState, UserState
from tests.processing.builders import DAY, NOW, raw, raw_label
from tests.processing.events.test_transactions import BAD
from tests.processing.stream.mirror import BUCKET, NAMES, Mirror, running

pytestmark = pytest.mark.slow


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    with running(tmp_path) as mirror:
        yield mirror


def send(mirror: Mirror, stream: str, records: list[tuple[str, bytes]]) -> None:
    kinesis = mirror.client("kinesis")
    for start in range(0, len(records), 500):
        entries = [{"PartitionKey": key, "Data": data} for key, data in records[start : start + 500]]
        assert not kinesis.put_records(StreamName=NAMES.stream(stream), Records=entries)["FailedRecordCount"]


def counters(mirror: Mirror) -> dict[str, int]:
    try:
        counted: dict[str, int] = json.loads((mirror.folder / "consumer" / "counters.json").read_text())
    except FileNotFoundError:
        return {}
    return counted


def wait_for(mirror: Mirror, seconds: float = 60, **expected: int) -> dict[str, int]:
    """Wait until counters have these values."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        counted = counters(mirror)
        if all(counted.get(name) == value for name, value in expected.items()):
            return counted
        time.sleep(0.1)
    raise AssertionError(f"{counters(mirror)}, expected {expected}")


def read(mirror: Mirror, stream: str) -> list[dict[str, Any]]:
    """Every record of a stream (physical name)."""
    kinesis = mirror.client("kinesis")
    found = []
    for shard in kinesis.list_shards(StreamName=stream)["Shards"]:
        iterator = kinesis.get_shard_iterator(
            StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while True:
            answer = kinesis.get_records(ShardIterator=iterator, Limit=10_000)
            found += [json.loads(record["Data"]) for record in answer["Records"]]
            iterator = answer["NextShardIterator"]
            if not answer["Records"] and not answer["MillisBehindLatest"]:
                break
    return found


def lake(mirror: Mirror, prefix: str) -> list[dict[str, Any]]:
    s3 = mirror.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    rows = []
    for key in keys:
        if not key.endswith(".parquet"):  # the marker of its prefix
            continue
        body = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        rows += pq.ParquetFile(io.BytesIO(body)).read().to_pylist()
    return rows


def stored(mirror: Mirror, group: str, entity: str) -> dict[str, str]:
    record = mirror.client("sagemaker-featurestore-runtime").get_record(
        FeatureGroupName=NAMES.feature_group(group), RecordIdentifierValueAsString=entity
    )["Record"]
    return {value["FeatureName"]: value["ValueAsString"] for value in record}


def put_profile(mirror: Mirror) -> None:
    values = {
        "user_id": "u1",
        "event_time": iso(NOW - DAY),
        "home_lat": "48.0",
        "home_lon": "2.0",
        "home_country": "DE",
    }
    mirror.client("sagemaker-featurestore-runtime").put_record(
        FeatureGroupName=NAMES.feature_group("user-profile"),
        Record=[{"FeatureName": name, "ValueAsString": value} for name, value in values.items()],
    )


def test_events_reach_features_streams_lake_and_dead_letters(mirror: Mirror) -> None:
    put_profile(mirror)
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
    payloads = [
        _payload(mirror, letter) for letter in read(mirror, NAMES.dead_letter_stream("schema-errors"))
    ]
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


def test_the_lake_has_every_prefix_before_the_first_event(mirror: Mirror) -> None:
    s3 = mirror.client("s3")
    account = mirror.client("sts").get_caller_identity()["Account"]
    expected = set(marker_keys(NAMES, account, s3.meta.region_name))
    with mirror.consumer():
        end = time.monotonic() + 30
        found: set[str] = set()
        while found != expected:
            assert time.monotonic() < end, f"{found}, expected {expected}"
            time.sleep(0.1)
            found = {entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])}


def _payload(mirror: Mirror, letter: dict[str, Any]) -> bytes:
    if letter["payload"] is not None:
        return base64.b64decode(letter["payload"])
    bucket, _, key = letter["payload_uri"].removeprefix("s3://").partition("/")
    body: bytes = mirror.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return body


@pytest.mark.parametrize("kills", [2, pytest.param(8, marks=pytest.mark.drill)])
def test_killed_consumers_lose_nothing_and_count_nothing_twice(mirror: Mirror, kills: int) -> None:
    users, portion = 40, 2_000
    size = kills * portion
    records = [
        (
            f"u{n % users}",
            raw(
                transaction_id=f"t{n}",
                user_id=f"u{n % users}",
                merchant_id=f"m{n % 7}",
                timestamp=iso(NOW - size * 1_000 + n * 1_000),
            ),
        )
        for n in range(size)
    ]
    for kill in range(kills):
        send(mirror, "transactions-raw", records[kill * portion : (kill + 1) * portion])
        with mirror.consumer() as process:
            before = counters(mirror).get("read", 0)
            while counters(mirror).get("read", 0) == before:
                time.sleep(0.01)
            time.sleep(0.05 * kill)
            process.kill()
            process.wait()
    with mirror.consumer():
        counted = wait_for(mirror, accepted=size, pending=0)
    assert (counted["read"], counted["duplicates"], counted["late"]) == (size, 0, 0)
    for n in range(users):
        assert stored(mirror, "user-activity", f"u{n}")["user_transaction_count_30d"] == str(size // users)
    totals = [int(stored(mirror, "merchant", f"m{n}")["merchant_transaction_count_30d"]) for n in range(7)]
    assert sum(totals) == size
    rows = Counter(row["transaction_id"] for row in lake(mirror, "raw/"))
    assert (len(rows), set(rows.values())) == (size, {1})
    enriched = {e["transaction_id"] for e in read(mirror, NAMES.stream("transactions-enriched"))}
    assert len(enriched) == size
