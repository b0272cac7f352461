"""The consumer's local store: one LMDB environment, one transaction per micro-batch."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice, takewhile
from pathlib import Path
from typing import Any

import lmdb
import msgspec

from processing.stream.records import ShardPosition
from processing.stream.reports import Reports
from processing.stream.seen import KEEP_MS, Seen, arrival_of

_NUMBER = struct.Struct(">Q")
_SWEEP = 2  # seen ids looked at for expiry per id added, so that the sweep keeps up
OUTBOXES = ("enriched", "dead-letters", "lake")


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
        self._meta = self._env.open_db(b"meta")
        self._swept_to = b""
        with self._env.begin() as txn:
            self._number = _number(txn.get(b"number", db=self._meta))

    def user(self, user_id: str) -> bytes | None:
        """Packed state of a user."""
        return self.users([user_id]).get(user_id)

    def merchant(self, merchant_id: str) -> bytes | None:
        """Packed state of a merchant."""
        return self.merchants([merchant_id]).get(merchant_id)

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

    def outbox(self, name: str, after: int = -1, limit: int = 100) -> list[tuple[int, bytes]]:
        """The oldest payloads of an outbox with numbers above `after`."""
        prefix = name.encode() + b"/"
        found: list[tuple[int, bytes]] = []
        with self._env.begin(self._outbox) as txn, txn.cursor() as cursor:
            if cursor.set_range(prefix + _NUMBER.pack(after + 1)):
                for key, value in cursor:
                    if len(found) == limit or not key.startswith(prefix):
                        break
                    found.append((_number(key[len(prefix) :]), value))
        return found

    def outbox_size(self, name: str) -> int:
        """How many payloads wait in an outbox."""
        return len(self.outbox(name, limit=1 << 62))

    def dirty(self) -> dict[bytes, int]:
        """Entities whose newest state the Feature Store may not have, with the marking commit's number."""
        with self._env.begin(self._dirty) as txn, txn.cursor() as cursor:
            return {key: _number(value) for key, value in cursor}

    def commit(self, change: Commit) -> int:
        """Apply a change as a whole; returns the number of the commit, which ascends."""
        number = self._number + 1
        packed = _NUMBER.pack(number)
        with self._env.begin(write=True) as txn:
            for kind, db, states in (
                (b"u", self._users, change.users),
                (b"m", self._merchants, change.merchants),
            ):
                for entity, state in sorted(states.items()):
                    key = entity.encode()
                    txn.put(key, state, db=db)
                    txn.put(kind + key, packed, db=self._dirty)
            for seen_key, seen in sorted(change.seen.items()):
                txn.put(seen_key, seen.pack(), db=self._seen)
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


def _since(key: bytes, reports: Reports) -> bytes:
    return _NUMBER.pack(max(reports.arrival_ms, 0)) + key


def _number(raw: bytes | None) -> int:
    number: int = _NUMBER.unpack(raw)[0] if raw else 0
    return number
