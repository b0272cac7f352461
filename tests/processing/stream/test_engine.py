"""What a micro-batch does to counters, states, offsets and outputs."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from feature_groups.names import Names
from processing.events import RejectedRecord
from processing.stream import quality
from processing.stream.engine import Engine
from processing.stream.records import Event, LakeRows, Outgoing, ShardId
from processing.stream.store import Commit, Store
from processing.windows import LATENESS_MS, UserState, merchant_frauds, merchant_times
from tests.processing.builders import HOUR, NOW, label, transaction
from tests.processing.stream.events import TRANSACTIONS, event


class Run:
    """An engine over a store, with what it put out."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder, map_size=1 << 28)
        self.engine = Engine(Names("test"), self.store, dict.fromkeys)
        self.enriched: list[dict[str, Any]] = []
        self.dead: list[tuple[str, dict[str, Any]]] = []
        self.lake: list[LakeRows] = []

    def apply(self, *events: Event) -> None:
        commit = self.engine.apply(events)
        self.store.commit(commit)
        for record in msgspec.msgpack.decode(commit.outbox.get("enriched", b"\x90"), type=list[Outgoing]):
            self.enriched.append(json.loads(record.data))
        for record in msgspec.msgpack.decode(commit.outbox.get("dead-letters", b"\x90"), type=list[Outgoing]):
            self.dead.append((record.stream, json.loads(record.data)))
        if "lake" in commit.outbox:
            self.lake.append(msgspec.msgpack.decode(commit.outbox["lake"], type=LakeRows))

    def counted(self) -> dict[str, int]:
        """What became of records; what the checks found is another matter."""
        counters = self.store.counters().items()
        return {name: count for name, count in counters if count and name not in quality.COUNTERS}

    def user_count(self, user: str = "u1") -> int:
        packed = self.store.user(user)
        return 0 if packed is None else len(UserState.decode(packed).times)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    run = Run(tmp_path)
    yield run
    run.store.close()


def test_accepted_transactions_reach_states_stream_and_lake(run: Run) -> None:
    run.apply(event(transaction(1, NOW - 1)), event(transaction(2)))
    assert run.counted() == {"read": 2, "accepted": 2}
    assert [e["features"]["user_transaction_count_1h"] for e in run.enriched] == [0, 1]
    assert run.enriched[0]["features"]["user_amount_avg_1h"] is None
    assert run.enriched[1]["timestamp"] == "2026-03-01T12:34:56.789Z"
    assert [t.transaction_id for t, _ in run.lake[0].transactions] == ["t1", "t2"]
    assert run.user_count() == 2


def test_duplicates_within_a_minute_of_arrival_are_dead_letters(run: Run) -> None:
    run.apply(event(transaction(1), 1_000), event(transaction(1), 61_000))
    run.apply(event(transaction(1), 61_000))
    assert run.counted() == {"read": 3, "accepted": 1, "duplicates": 2}
    run.apply(event(transaction(1), 61_001))
    assert run.counted()["accepted"] == 2
    assert {stream for stream, _ in run.dead} == {"fraudline-test-dlq-duplicates"}
    assert run.user_count() == 2


def test_rejected_records_keep_bytes_reason_and_origin(run: Run) -> None:
    for kind in ("schema-errors", "incomplete"):
        run.apply(event(RejectedRecord(kind, "amount", "is odd: send an even one"), 5, data=b"\xff\x00"))
    assert run.counted() == {"read": 2, "schema-errors": 1, "incomplete": 1}
    stream, letter = run.dead[0]
    assert stream == "fraudline-test-dlq-schema-errors"
    assert base64.b64decode(letter["payload"]) == b"\xff\x00"
    assert letter["reason"] == "schema-errors"
    assert (letter["field"], letter["error"]) == ("amount", "amount: is odd: send an even one")
    assert letter["stream"] == "fraudline-test-transactions-raw"
    assert letter["arrival_time"] == "1970-01-01T00:00:00.005Z"
    assert run.user_count() == 0


def test_late_transactions_stay_out_of_features_but_in_the_lake_and_their_stream(run: Run) -> None:
    run.apply(event(transaction(1)))
    run.apply(
        event(transaction(2, NOW - LATENESS_MS)), event(transaction(3, NOW - LATENESS_MS - 1), data=b"3")
    )
    assert run.counted() == {"read": 3, "accepted": 3, "late": 1}
    ((stream, letter),) = run.dead
    assert stream == "fraudline-test-transactions-late"
    assert (letter["reason"], letter["field"], letter["shard_id"]) == (
        "late",
        "timestamp",
        TRANSACTIONS.shard,
    )
    assert base64.b64decode(letter["payload"]) == b"3"
    assert [e["transaction_id"] for e in run.enriched] == ["t1", "t2"]
    assert run.user_count() == 2
    assert [t.transaction_id for t, _ in run.lake[1].transactions] == ["t2", "t3"]


def test_lateness_is_measured_within_a_shard(run: Run) -> None:
    run.apply(event(transaction(1)))
    run.apply(event(transaction(2, NOW - HOUR), source=ShardId("transactions-raw", "shardId-000000000001")))
    assert "late" not in run.counted()


def test_labels_find_the_merchant_and_count_once(run: Run) -> None:
    run.apply(event(transaction(1)), event(transaction(2)))
    run.apply(event(label(1, NOW + 1)), event(label(1, NOW + 2)), event(label(2, NOW + 3, is_fraud=False)))
    run.apply(event(label(1, NOW + 4)), event(label(99, NOW + 5)))
    counted = run.counted()
    assert counted.pop("labels_read") == 5
    assert counted == {
        "read": 2, "accepted": 2, "labels_accepted": 2, "labels_duplicates": 2, "labels_unmatched": 1,
    }  # fmt: skip
    packed = run.store.merchant("m1")
    assert packed is not None
    assert merchant_frauds(packed) == [NOW + 1]
    assert sum(len(rows.labels) for rows in run.lake) == 5


def test_a_record_that_cannot_be_processed_does_not_stop_the_others(run: Run) -> None:
    broken = transaction(1, currency="???")
    run.apply(event(broken), event(transaction(2)))
    assert run.counted() == {"read": 2, "accepted": 1, "processing-errors": 1}
    assert run.dead[0][1]["reason"] == "processing-errors"


def test_a_transaction_changes_both_histories_or_none(run: Run) -> None:
    run.apply(event(transaction(1)), event(transaction(2, user_id="u2", merchant_id="m2")))
    good = run.store.merchants(["m1", "m2"])
    run.store.commit(Commit(merchants={"m1": b"not a state"}))
    before = run.store.users(["u1", "u2"])
    run.apply(
        event(transaction(3, NOW + 1)),
        event(transaction(4, NOW + 1, user_id="u2", merchant_id="m2")),
        event(label(1)),
        event(label(2)),
    )
    assert run.counted() == {
        "read": 4, "accepted": 3, "processing-errors": 1, "labels_read": 2, "labels_accepted": 1,
        "labels_rejected": 1,
    }  # fmt: skip
    after = run.store.users(["u1", "u2"])
    assert after["u1"] == before["u1"]
    assert after["u2"] != before["u2"]
    assert [letter["error"][:10] for _, letter in run.dead] == ["StateError"] * 2
    assert [e["transaction_id"] for e in run.enriched] == ["t1", "t2", "t4"]
    # Once the state is mended the same records are applied: what failed was never seen.
    run.store.commit(Commit(merchants={"m1": good["m1"]}))
    run.apply(event(transaction(3, NOW + 1)), event(label(1)))
    assert run.counted()["accepted"] == 4
    assert run.user_count() == 2


def test_a_label_in_the_midst_of_a_batch_is_seen_by_what_follows_only(run: Run) -> None:
    moments = [NOW, NOW + 10, NOW + 20]
    first, second, third = (transaction(n, t_ms) for n, t_ms in enumerate(moments))
    run.apply(event(first), event(label(0, NOW + 1)), event(second), event(label(1, NOW + 2)), event(third))
    assert [e["features"]["merchant_fraud_rate_30d"] for e in run.enriched] == [None, 1.0, 1.0]
    run.apply(event(transaction(4, NOW + 30)), event(label(4, NOW + 3)))
    assert run.enriched[-1]["features"]["merchant_fraud_rate_30d"] == 2 / 3


def test_batches_of_any_size_give_the_same(tmp_path: Path) -> None:
    """A log in one batch and one by one: states, positions and features are equal bit for bit."""
    chance = random.Random(3)
    log = [
        event(transaction(n, NOW + 7_000 * n - chance.randrange(60_000), user_id=f"u{chance.randrange(9)}"))
        if n % 5
        else event(label(chance.randrange(n + 1), NOW + 7_000 * n))
        for n in range(1_500)
    ]
    runs = [Run(tmp_path / name) for name in ("one", "some", "all")]
    for run, size in zip(runs, (1, 37, len(log)), strict=True):
        for start in range(0, len(log), size):
            run.apply(*log[start : start + size])
    users = [f"u{n}" for n in range(9)]
    outcomes = [
        (run.store.users(users), run.store.merchants(["m1"]), run.store.counters(), run.enriched)
        for run in runs
    ]
    assert outcomes[0] == outcomes[1] == outcomes[2]
    assert len(merchant_times(outcomes[0][1]["m1"])) > 1_000
    for run in runs:
        run.store.close()


def test_a_restarted_engine_continues_where_it_was_committed(run: Run) -> None:
    last = event(transaction(1))
    run.apply(last)
    uncommitted = Engine(Names("test"), run.store, dict.fromkeys)
    uncommitted.apply([event(transaction(2))])  # killed before its commit
    run.engine = Engine(Names("test"), run.store, dict.fromkeys)
    assert run.store.shard(last.source.key).sequence == last.raw.sequence
    run.apply(event(transaction(2)))
    assert run.counted() == {"read": 2, "accepted": 2}
    assert run.user_count() == 2
