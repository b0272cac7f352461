"""The consumer's local store: one LMDB environment, one transaction per micro-batch."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice, takewhile
from pathlib import Path
from typing import Any

import lmdb
import msgspec

from processing.stream import event_times
from processing.stream.records import ShardPosition
from processing.stream.release import MERCHANT_KEPT_MS, released_merchant, released_user
from processing.stream.reports import Reports
from processing.stream.seen import KEEP_MS, Seen, arrival_of

_NUMBER = struct.Struct(">Q")
_RELEASE = 8  # one state is looked at for release per so many that change, and _SWEEP per new one
_SWEEP = 2  # entries looked at for expiry per entry added, so that the sweep keeps up
Release = Callable[[bytes, int], bytes | None]
OUTBOXES = ("enriched", "dead-letters", "lake", "decisions")


@dataclass
class Commit:
    """Everything that becomes true at once.

    Attributes:
        users, merchants: packed states by id.
        seen: accepted transactions by `seen_key`.
        waiting: all labels of a transaction that has yet to come, by `seen_key`; None when they no
            longer wait.
        shards: positions by `ShardId.key`.
        outbox: payloads to deliver, by outbox name.
        delivered: outbox entries that arrived, as (name, number).
        published: entities the Feature Store has, as dirty key and the number it was marked with.
        newest_arrival_ms: seen ids that arrived long before it are forgotten.
        newest_event_ms: histories that ended long before it are released.
        monitor: what has changed of the monitor's state, None for what is to be forgotten.
    """

    users: Mapping[str, bytes] = field(default_factory=dict)
    merchants: Mapping[str, bytes] = field(default_factory=dict)
    seen: Mapping[bytes, Seen] = field(default_factory=dict)
    waiting: Mapping[bytes, Reports | None] = field(default_factory=dict)
    shards: Mapping[bytes, ShardPosition] = field(default_factory=dict)
    counters: Mapping[str, int] | None = None
    outbox: Mapping[str, bytes] = field(default_factory=dict)
    delivered: Iterable[tuple[str, int]] = ()
    published: Mapping[bytes, int] = field(default_factory=dict)
    newest_arrival_ms: int = 0
    newest_event_ms: int = 0
    monitor: Mapping[bytes, bytes | None] = field(default_factory=dict)


class Store:
    """Opens or creates the store in `folder`; a committed transaction survives ``kill -9``.

    Only one thread may call `commit`; any thread may read.
    """

    def __init__(self, folder: Path, map_size: int = 64 << 30) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        # Surviving a killed process needs no fsync: the page cache outlives the process.
        self._env = lmdb.open(str(folder), map_size=map_size, max_dbs=16, sync=False, metasync=False)
        self._users = self._env.open_db(b"users")
        self._merchants = self._env.open_db(b"merchants")
        self._seen = self._env.open_db(b"seen")
        self._waiting = self._env.open_db(b"waiting")
        self._waiting_since = self._env.open_db(b"waiting-since")  # keys: arrival time, seen key
        self._shards = self._env.open_db(b"shards")
        self._outbox = self._env.open_db(b"outbox")
        self._dirty = self._env.open_db(b"dirty")
        # Event times of published states that are not those of their newest input, by dirty key.
        self._event_times = self._env.open_db(b"event-times")
        self._meta = self._env.open_db(b"meta")
        self._monitor = self._env.open_db(b"monitor")
        self._kinds = {b"u": self._users, b"m": self._merchants}
        self._swept_to = b""
        self._released_to: dict[bytes, bytes] = {}
        self._newest_event_ms = 0
        with self._env.begin() as txn:
            self._number = _number(txn.get(b"number", db=self._meta))

    def user(self, user_id: str) -> bytes | None:
        """Packed state of a user."""
        return self.users([user_id]).get(user_id)

    def merchant(self, merchant_id: str) -> bytes | None:
        """Packed state of a merchant."""
        return self.merchants([merchant_id]).get(merchant_id)

    def record(self, dirty_key: bytes) -> tuple[bytes, int] | None:
        """An entity's packed state and its event time (`event_times`); None without a state."""
        kind, entity = dirty_key[:1], dirty_key[1:]
        with self._env.begin() as txn:
            state: bytes | None = txn.get(entity, db=self._kinds[kind])
            return None if state is None else (state, self._event_ms(txn, dirty_key, state))

    def users(self, ids: Iterable[str]) -> dict[str, bytes]:
        """Packed states of those users that have one."""
        return self._states(self._users, ids)

    def merchants(self, ids: Iterable[str]) -> dict[str, bytes]:
        """Packed states of those merchants that have one."""
        return self._states(self._merchants, ids)

    def seen(self, keys: Iterable[bytes]) -> dict[bytes, Seen]:
        """The accepted transactions among `keys` (of `seen_key`)."""
        with self._env.begin(self._seen) as txn, txn.cursor() as cursor:
            return {key: Seen.unpack(value) for key, value in cursor.getmulti(sorted(keys))}

    def waiting(self, keys: Iterable[bytes]) -> dict[bytes, Reports]:
        """The labels that wait for those transactions (of `seen_key`)."""
        with self._env.begin(self._waiting) as txn, txn.cursor() as cursor:
            if not cursor.first():  # nearly always: labels come long after their transactions
                return {}
            return {key: Reports.unpack(value) for key, value in cursor.getmulti(sorted(keys))}

    def waiting_since(self, before_ms: int, limit: int = 10_000) -> dict[bytes, Reports]:
        """The labels that have waited longest, of those whose first arrived before `before_ms`."""
        with self._env.begin(self._waiting_since) as txn, txn.cursor() as cursor:
            end = _NUMBER.pack(max(before_ms, 0))
            older = takewhile(lambda key: key < end, cursor.iternext(values=False))
            keys = [key[_NUMBER.size :] for key in islice(older, limit)]
        return self.waiting(keys) if keys else {}

    def shard(self, key: bytes) -> ShardPosition:
        """How far a shard was applied."""
        raw = self._get(self._shards, key)
        return ShardPosition() if raw is None else msgspec.json.decode(raw, type=ShardPosition)

    def counters(self) -> dict[str, int]:
        """The counters of the last commit."""
        raw = self._get(self._meta, b"counters")
        return {} if raw is None else msgspec.json.decode(raw, type=dict[str, int])

    def monitor(self) -> dict[bytes, bytes]:
        """What the monitor of the stream knows, by its keys."""
        with self._env.begin(self._monitor) as txn, txn.cursor() as cursor:
            return dict(cursor)

    def outbox(self, name: str, after: int = -1, limit: int = 32 << 20) -> list[tuple[int, bytes]]:
        """The oldest payloads of an outbox with numbers above `after`, until they have `limit` bytes."""
        prefix = name.encode() + b"/"
        found: list[tuple[int, bytes]] = []
        with self._env.begin(self._outbox) as txn, txn.cursor() as cursor:
            if cursor.set_range(prefix + _NUMBER.pack(after + 1)):
                for key, value in cursor:
                    if not key.startswith(prefix) or limit <= 0:
                        break
                    found.append((_number(key[len(prefix) :]), value))
                    limit -= len(value)
        return found

    def outbox_sizes(self, name: str) -> list[int]:
        """How many bytes each payload has that waits in an outbox, oldest first."""
        prefix = name.encode() + b"/"
        with self._env.begin(self._outbox, buffers=True) as txn, txn.cursor() as cursor:
            cursor.set_range(prefix)
            waiting = takewhile(lambda entry: bytes(entry[0]).startswith(prefix), cursor)
            return [len(payload) for _, payload in waiting]

    def dirty(self) -> dict[bytes, int]:
        """Entities whose newest state the Feature Store may not have, with the marking commit's number."""
        with self._env.begin(self._dirty) as txn, txn.cursor() as cursor:
            return {key: _number(value) for key, value in cursor}

    def entities(self) -> list[bytes]:
        """Every entity that has a state, by its key in `dirty`."""
        with self._env.begin() as txn:
            users = [b"u" + key for key in txn.cursor(self._users).iternext(values=False)]
            return users + [b"m" + key for key in txn.cursor(self._merchants).iternext(values=False)]

    def commit(self, change: Commit) -> int:
        """Apply a change as a whole; returns the number of the commit, which ascends."""
        number = self._number + 1
        packed = _NUMBER.pack(number)
        with self._env.begin(write=True) as txn:
            self._newest_event_ms = max(self._newest_event_ms, change.newest_event_ms)
            self._put_states(txn, b"u", self._users, change.users, released_user)
            self._put_states(txn, b"m", self._merchants, change.merchants, released_merchant)
            _put_all(txn, self._seen, sorted((key, seen.pack()) for key, seen in change.seen.items()))
            for seen_key, reports in sorted(change.waiting.items()):
                self._put_waiting(txn, seen_key, reports)
            for shard_key, position in change.shards.items():
                txn.put(shard_key, msgspec.json.encode(position), db=self._shards)
            for name, payload in change.outbox.items():
                txn.put(name.encode() + b"/" + packed, payload, db=self._outbox)
            for name, done in change.delivered:
                txn.delete(name.encode() + b"/" + _NUMBER.pack(done), db=self._outbox)
            for dirty_key, marked in change.published.items():
                if _number(txn.get(dirty_key, db=self._dirty)) == marked:
                    txn.delete(dirty_key, db=self._dirty)
            for monitor_key, packed_sketch in change.monitor.items():
                if packed_sketch is None:
                    txn.delete(monitor_key, db=self._monitor)
                else:
                    txn.put(monitor_key, packed_sketch, db=self._monitor)
            if change.counters is not None:
                txn.put(b"counters", msgspec.json.encode(change.counters), db=self._meta)
            if change.seen:
                self._sweep(txn, _SWEEP * len(change.seen), change.newest_arrival_ms - KEEP_MS)
            txn.put(b"number", packed, db=self._meta)
        self._number = number
        return number

    def close(self) -> None:
        self._env.close()

    def _states(self, db: Any, ids: Iterable[str]) -> dict[str, bytes]:
        # One cursor call for all: every single get would give up the interpreter lock.
        wanted = sorted(entity.encode() for entity in ids)
        with self._env.begin(db) as txn, txn.cursor() as cursor:
            return {key.decode(): state for key, state in cursor.getmulti(wanted)}

    def _get(self, db: Any, key: bytes) -> bytes | None:
        with self._env.begin(db) as txn:
            value: bytes | None = txn.get(key)
        return value

    def _put_waiting(self, txn: Any, key: bytes, reports: Reports | None) -> None:
        """Replace the labels that wait for a transaction, and their place in the order of arrival."""
        before = txn.pop(key, db=self._waiting)
        if before is not None:
            txn.delete(_since(key, Reports.unpack(before)), db=self._waiting_since)
        if reports is not None:
            txn.put(key, reports.pack(), db=self._waiting)
            txn.put(_since(key, reports), b"", db=self._waiting_since)

    def _put_states(
        self, txn: Any, kind: bytes, db: Any, states: Mapping[str, bytes], released: Release
    ) -> None:
        """Write states, mark them as unpublished, and look for some others to release."""
        before, packed = txn.stat(db)["entries"], _NUMBER.pack(self._number + 1)
        ordered = sorted((entity.encode(), state) for entity, state in states.items())
        self._put_event_times(txn, kind, db, ordered)
        _put_all(txn, db, ordered)
        _put_all(txn, self._dirty, [(kind + key, packed) for key, _ in ordered])
        new = txn.stat(db)["entries"] - before
        if states:
            self._release(txn, kind, db, released, _SWEEP * new + len(states) // _RELEASE + 1)

    def _event_ms(self, txn: Any, dirty_key: bytes, state: bytes) -> int:
        noted = txn.get(dirty_key, db=self._event_times)
        return _number(noted) if noted else event_times.latest_time(dirty_key[:1], state) or 0

    def _put_event_times(self, txn: Any, kind: bytes, db: Any, states: list[tuple[bytes, bytes]]) -> None:
        """Note the event times of new states, before they replace the old ones."""
        with txn.cursor(db) as cursor:
            before = dict(cursor.getmulti([key for key, _ in states]))
        with txn.cursor(self._event_times) as cursor:
            kept = dict(cursor.getmulti([kind + key for key, _ in states]))
        changed = []
        for key, state in states:
            latest_ms, noted = event_times.latest_time(kind, state), kept.get(kind + key)
            if latest_ms is None:
                continue
            before_ms = _number(noted) if noted else event_times.latest_time(kind, before.get(key))
            if before_ms is None and kind == b"m":
                # A merchant that was dropped may have a record; it is older than this.
                before_ms = self._newest_event_ms - MERCHANT_KEPT_MS
            event_ms = event_times.following(before_ms, latest_ms)
            if event_ms != latest_ms:
                changed.append((kind + key, _NUMBER.pack(event_ms)))
            elif noted:
                txn.delete(kind + key, db=self._event_times)
        _put_all(txn, self._event_times, changed)

    def _release(self, txn: Any, kind: bytes, db: Any, released: Release, steps: int) -> None:
        """Shrink or drop states of the past, continuing round the table where we stopped.

        A state that the Feature Store does not have yet is left for the next round.
        """
        with txn.cursor(db) as cursor:
            at = self._released_to.get(kind, b"")
            alive = cursor.set_range(at) if at else cursor.first()
            for _ in range(steps):
                if not alive:
                    break
                key, state = cursor.item()
                smaller = released(state, self._newest_event_ms)
                if smaller == state or txn.get(kind + key, db=self._dirty) is not None:
                    alive = cursor.next()
                elif smaller is None:
                    cursor.delete()
                    txn.delete(kind + key, db=self._event_times)
                    alive = bool(cursor.key())  # it stands at the successor, if there is one
                else:
                    # What is left may be older than the record that was published.
                    event_ms = self._event_ms(txn, kind + key, state)
                    cursor.put(key, smaller)
                    if event_ms > (event_times.latest_time(kind, smaller) or 0):
                        txn.put(kind + key, _NUMBER.pack(event_ms), db=self._event_times)
                    alive = cursor.next()
            self._released_to[kind] = cursor.key() if alive else b""

    def _sweep(self, txn: Any, steps: int, before_ms: int) -> None:
        """Drop seen ids that arrived before `before_ms`, continuing round the table where we stopped."""
        with txn.cursor(self._seen) as cursor:
            alive = cursor.set_range(self._swept_to) if self._swept_to else cursor.first()
            for _ in range(steps):
                if not alive:
                    break
                if arrival_of(cursor.value()) < before_ms:
                    cursor.delete()
                    alive = bool(cursor.key())  # it stands at the successor, if there is one
                else:
                    alive = cursor.next()
            self._swept_to = cursor.key() if alive else b""


def _put_all(txn: Any, db: Any, items: list[tuple[bytes, bytes]]) -> None:
    # One call for all: every single put would give up the interpreter lock.
    with txn.cursor(db) as cursor:
        cursor.putmulti(items)


def _since(key: bytes, reports: Reports) -> bytes:
    return _NUMBER.pack(max(reports.arrival_ms, 0)) + key


def _number(raw: bytes | None) -> int:
    number: int = _NUMBER.unpack(raw)[0] if raw else 0
    return number
