"""The local store: commits are whole, outboxes drain, old ids are swept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from processing.stream.lock import StateInUseError, exclusive
from processing.stream.records import ShardPosition
from processing.stream.seen import KEEP_MS, Seen, seen_key
from processing.stream.store import Commit, Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path, map_size=1 << 28)
    yield store
    store.close()


def test_a_commit_can_be_read_back(store: Store) -> None:
    position = ShardPosition("7", 5)
    seen = Seen(1, "m1")
    number = store.commit(
        Commit(
            users={"u1": b"user"},
            merchants={"m1": b"merchant"},
            seen={seen_key("t1"): seen},
            shards={b"s/0": position},
            counters={"read": 1},
        )
    )
    assert number == 1
    assert (store.user("u1"), store.merchant("m1"), store.user("m1")) == (b"user", b"merchant", None)
    assert store.seen([seen_key("t1"), seen_key("t2")]) == {seen_key("t1"): seen}
    assert (store.shard(b"s/0"), store.shard(b"s/1")) == (position, ShardPosition())
    assert store.counters() == {"read": 1}
    assert store.dirty() == {b"uu1": 1, b"mm1": 1}


def test_an_outbox_keeps_payloads_until_they_are_delivered(store: Store) -> None:
    for payload in (b"a", b"b", b"c"):
        store.commit(Commit(outbox={"lake": payload}))
    assert store.outbox("lake") == [(1, b"a"), (2, b"b"), (3, b"c")]
    assert store.outbox("lake", after=2) == [(3, b"c")]
    store.commit(Commit(delivered=[("lake", 1)]))
    assert store.outbox("lake", limit=1) == [(2, b"b")]
    assert store.outbox("enriched") == []


def test_an_entity_changed_while_it_was_published_stays_dirty(store: Store) -> None:
    store.commit(Commit(users={"u1": b"1"}))
    store.commit(Commit(users={"u1": b"2"}))
    store.commit(Commit(published={b"uu1": 1}))
    assert store.dirty() == {b"uu1": 2}
    store.commit(Commit(published={b"uu1": 2}))
    assert store.dirty() == {}


def test_old_transaction_ids_are_swept(store: Store) -> None:
    old = {seen_key(f"old{n}"): Seen(0, "m1") for n in range(50)}
    store.commit(Commit(seen=old))
    for n in range(60):
        new = {seen_key(f"new{n}"): Seen(KEEP_MS + 1, "m1")}
        store.commit(Commit(seen=new, newest_arrival_ms=KEEP_MS + 1))
    assert store.seen(old) == {}
    assert len(store.seen(seen_key(f"new{n}") for n in range(60))) == 60


def test_a_state_folder_has_one_consumer(tmp_path: Path) -> None:
    with exclusive(tmp_path), pytest.raises(StateInUseError, match="in use"), exclusive(tmp_path):
        pass
    with exclusive(tmp_path):
        pass
