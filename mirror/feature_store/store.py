"""The durable store: online records, their expiry index, and the buffer of offline rows.

Every write is one LMDB transaction (about 15 microseconds), committed before it returns, so an
answered request survives ``kill -9``.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import lmdb
import msgspec

from mirror.cloud import Cloud
from mirror.feature_store import online
from mirror.feature_store.groups import Group
from mirror.feature_store.online import OfflineRow, OnlineRecord

_MAP_SIZE = 64 << 30  # address space, not disk
_encode_row = msgspec.msgpack.Encoder().encode
_decode_row = msgspec.msgpack.Decoder(OfflineRow).decode


class Store:
    """One LMDB environment for all feature groups of a mirror. Thread-safe."""

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        # Surviving a killed process needs no fsync: the page cache outlives the process.
        self._env = lmdb.open(str(path), map_size=_MAP_SIZE, max_dbs=3, sync=False, metasync=False)
        self._last_append_us: dict[bytes, int] = {}
        self._online = self._env.open_db(b"online")
        self._expiry = self._env.open_db(b"expiry")
        self._offline = self._env.open_db(b"offline")

    def writing(self) -> AbstractContextManager[lmdb.Transaction]:
        """A write transaction for several of the operations below."""
        transaction: AbstractContextManager[lmdb.Transaction] = self._env.begin(write=True)
        return transaction

    def get(self, group: Group, identifier: str, txn: lmdb.Transaction | None = None) -> OnlineRecord | None:
        """The record, a tombstone included; None when there is none or it has expired."""
        found = online.key(group.uid, identifier)
        if txn is not None:
            raw = txn.get(found, db=self._online)
        else:
            with self._env.begin() as reading:
                raw = reading.get(found, db=self._online)
        return _alive(raw)

    def put(self, txn: lmdb.Transaction, group: Group, identifier: str, found: OnlineRecord) -> None:
        """Write or overwrite one record."""
        key = online.key(group.uid, identifier)
        txn.put(key, online.pack(found), db=self._online)
        if found.expires:
            txn.put(_expiry_key(found.expires_us, key), b"", db=self._expiry)

    def remove(self, txn: lmdb.Transaction, group: Group, identifier: str) -> None:
        txn.delete(online.key(group.uid, identifier), db=self._online)

    def identifiers(
        self, group: Group, after: bytes, limit: int, *, deleted: bool
    ) -> tuple[list[tuple[str | None, OnlineRecord]], bytes | None]:
        """Up to `limit` records in key order from key `after` on, and the key to go on from."""
        found: list[tuple[str | None, OnlineRecord]] = []
        with self._env.begin() as txn, txn.cursor(self._online) as cursor:
            if not cursor.set_range(after or group.uid):
                return found, None
            for raw_key, raw in cursor:
                key = bytes(raw_key)
                if not key.startswith(group.uid):
                    break
                if len(found) == limit:
                    return found, key
                record = _alive(raw)
                if record is not None and (deleted or not record.deleted):
                    found.append((online.plain_identifier(group.uid, key), record))
        return found, None

    def append_offline(self, txn: lmdb.Transaction, group: Group, row: OfflineRow) -> None:
        """Buffer one row for the offline store."""
        # Per group, so that a bucket that refuses writes never holds up the other groups.
        with txn.cursor(self._offline) as cursor:
            following = group.uid + b"\xff" * 8
            exists = cursor.set_range(following)
            last = cursor.prev() if exists else cursor.last()
            raw = bytes(cursor.key()) if last else b""
        sequence = int.from_bytes(raw[8:], "big") + 1 if raw.startswith(group.uid) else 1
        txn.put(group.uid + sequence.to_bytes(8, "big"), _encode_row(row), db=self._offline)
        self._last_append_us[group.uid] = now_us()

    def last_append_us(self, group: Group) -> int:
        """When this process last buffered a row of `group`; 0 for never."""
        return self._last_append_us.get(group.uid, 0)

    def buffered(self, group: Group, limit: int) -> tuple[list[bytes], list[OfflineRow]]:
        """The oldest rows that wait for the offline store, and their keys."""
        keys: list[bytes] = []
        rows: list[OfflineRow] = []
        with self._env.begin() as txn, txn.cursor(self._offline) as cursor:
            if cursor.set_range(group.uid):
                for raw_key, raw in cursor:
                    key = bytes(raw_key)
                    if not key.startswith(group.uid) or len(rows) == limit:
                        break
                    keys.append(key)
                    rows.append(_decode_row(raw))
        return keys, rows

    def forget_buffered(self, keys: Iterable[bytes]) -> None:
        """Drop rows that the offline store has."""
        with self.writing() as txn:
            for raw_key in keys:
                txn.delete(raw_key, db=self._offline)

    def expire(self, now_us: int, limit: int = 2000) -> int:
        """Delete up to `limit` records whose time to live has passed; returns how many index entries went."""
        with self.writing() as txn, txn.cursor(self._expiry) as cursor:
            gone = 0
            more = cursor.first()
            while more and gone < limit:
                raw_key = cursor.key()
                if int.from_bytes(raw_key[:8], "big") > now_us:
                    break
                raw = txn.get(raw_key[8:], db=self._online)
                if raw is not None and online.unpack(bytes(raw)).expires_us <= now_us:
                    txn.delete(raw_key[8:], db=self._online)
                more = cursor.delete()
                gone += 1
        return gone

    def purge(self, uid: bytes, limit: int = 5000) -> int:
        """Delete up to `limit` online records of a deleted group; returns how many."""
        with self.writing() as txn, txn.cursor(self._online) as cursor:
            gone = 0
            more = cursor.set_range(uid)
            while more and gone < limit and bytes(cursor.key()).startswith(uid):
                more = cursor.delete()
                gone += 1
        return gone

    def close(self) -> None:
        self._env.close()


def now_us() -> int:
    return time.time_ns() // 1000


_open: dict[Path, Store] = {}


def of(cloud: Cloud) -> Store:
    """The store of a mirror, opened once."""
    path = cloud.state_dir / "feature-store"
    if path not in _open:
        _open[path] = Store(path)
    return _open[path]


def _alive(raw: Any) -> OnlineRecord | None:
    if raw is None:
        return None
    record = online.unpack(raw)
    return record if record.expires_us > now_us() else None


def _expiry_key(expires_us: int, key: bytes) -> bytes:
    return max(expires_us, 0).to_bytes(8, "big") + key
