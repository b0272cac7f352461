"""Late and stale transactions: put back after they were refused, in the lake, and in the batch features."""

from __future__ import annotations

import time
from pathlib import Path

import pandas as pd
import pytest

from processing.batch import compute_features
from processing.events.moments import iso
from processing.lake import LABELS
from processing.stream.replays import entry
from tests.processing.builders import raw
from tests.processing.stream.consuming import lake, payload, read, send, wait_for
from tests.processing.stream.mirror import NAMES, running

pytestmark = pytest.mark.slow

MINUTE = 60_000


def test_late_transactions_are_in_their_stream_the_lake_and_the_batch_features(tmp_path: Path) -> None:
    now = int(time.time() * 1000)
    first, stale, late = (
        raw(transaction_id=name, timestamp=iso(now - ago * MINUTE))
        for name, ago in (("first", 0), ("stale", 9), ("late", 11))
    )
    with running(tmp_path) as mirror, mirror.consumer(FRAUDLINE_REPLAY="0"):
        send(mirror, "transactions-raw", [("u1", first), ("u1", stale), ("u1", late)])
        wait_for(mirror, **{"read": 3, "accepted": 1, "schema-errors": 2, "pending": 0})
        refused = read(mirror, NAMES.dead_letter_stream("schema-errors"))
        assert [payload(mirror, letter) for letter in refused] == [stale, late]
        mirror.client("kinesis").put_records(
            StreamName=NAMES.stream("transactions-raw"),
            Records=[entry(payload(mirror, letter), letter["partition_key"]) for letter in refused],
        )
        wait_for(mirror, read=5, accepted=3, late=1, pending=0)
        last = raw(transaction_id="last", timestamp=iso(int(time.time() * 1000)))
        send(mirror, "transactions-raw", [("u1", last)])
        wait_for(mirror, read=6, accepted=4, late=1, pending=0)
        (letter,) = read(mirror, NAMES.stream("transactions-late"))
        streamed = {e["transaction_id"]: e for e in read(mirror, NAMES.stream("transactions-enriched"))}
        rows = lake(mirror, "raw/")
    assert payload(mirror, letter) == late
    assert (letter["reason"], letter["field"], letter["partition_key"]) == ("late", "timestamp", "u1")
    assert letter["stream"] == NAMES.stream("transactions-raw")
    assert letter["shard_id"] == refused[0]["shard_id"]  # a replay stays in its user's shard
    assert letter["sequence_number"] > refused[1]["sequence_number"]
    assert set(streamed) == {"first", "stale", "last"}
    assert streamed["last"]["features"]["user_transaction_count_1h"] == 2
    assert {row["transaction_id"] for row in rows} == {"first", "stale", "late", "last"}
    batch = compute_features(pd.DataFrame(rows), LABELS.empty_table().to_pandas()).set_index("transaction_id")
    counts = batch["user_transaction_count_1h"].to_dict()
    assert counts == {"late": 0, "stale": 1, "first": 2, "last": 3}


def test_what_is_late_stays_late_when_its_shard_was_split(tmp_path: Path) -> None:
    now = int(time.time() * 1000)
    first, late = (
        raw(transaction_id=name, timestamp=iso(now - ago * MINUTE))
        for name, ago in (("first", 0), ("late", 11))
    )
    with running(tmp_path, shards=1) as mirror, mirror.consumer(FRAUDLINE_REPLAY="1"):
        send(mirror, "transactions-raw", [("u1", first)])
        wait_for(mirror, accepted=1)
        kinesis, stream = mirror.client("kinesis"), NAMES.stream("transactions-raw")
        (parent,) = kinesis.list_shards(StreamName=stream)["Shards"]
        kinesis.split_shard(
            StreamName=stream, ShardToSplit=parent["ShardId"], NewStartingHashKey=str(1 << 127)
        )
        send(mirror, "transactions-raw", [("u1", late), ("u1", late)])
        wait_for(mirror, read=3, accepted=2, late=1, duplicates=1, pending=0)
        (letter,) = read(mirror, NAMES.stream("transactions-late"))
    assert letter["shard_id"] != parent["ShardId"]
