"""The durable log of every shard: appends, reads and trimming, in one LMDB environment.

A key is stream uid, shard index and sequence, so a shard is one range of keys. The sequence is
the microsecond of arrival, or one more than the last where the clock does not move: in order,
unique, and a timestamp is found by a seek.
"""

from __future__ import annotations

import struct
import time
from dataclasses import dataclass
from pathlib import Path

import lmdb

from mirror.cloud import Cloud
from mirror.kinesis.streams import Shard, Stream

_MAP_SIZE = 64 << 30  # address space, not disk
_KEY = struct.Struct(">8sIQ")
_HEADER = struct.Struct(">QH")
_LAST = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One record to append: its place in the hash range, its key and its bytes."""

    hash_key: int
    partition_key: bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class Stored:
    """One record of a shard. `arrived_us` in microseconds since 1970."""

    sequence: int
    arrived_us: int
    partition_key: str
    data: bytes


class Log:
    """The records of all streams of a mirror. Thread-safe; an append is committed when it returns."""

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        # Surviving a killed process needs no fsync: the page cache outlives the process.
        self._env = lmdb.open(str(path), map_size=_MAP_SIZE, sync=False, metasync=False)
        self._tips: dict[tuple[bytes, int], int] = {}

    def append(self, stream: Stream, entries: list[Entry]) -> list[tuple[int, int]]:
        """Append records in one transaction; returns the shard index and sequence of each."""
        placed = []
        with self._env.begin(write=True) as txn:
            now = now_us()
            for entry in entries:
                shard = stream.shard_of(entry.hash_key).index
                sequence = max(self._tip(txn, stream.uid, shard) + 1, now)
                self._tips[stream.uid, shard] = sequence
                header = _HEADER.pack(now, len(entry.partition_key))
                txn.put(_KEY.pack(stream.uid, shard, sequence), header + entry.partition_key + entry.data)
                placed.append((shard, sequence))
        return placed

    def tip(self, stream: Stream, shard: Shard) -> int:
        """The sequence of the newest record; 0 when there has been none."""
        with self._env.begin() as txn:
            return self._tip(txn, stream.uid, shard.index)

    def read(
        self, stream: Stream, shard: Shard, start: int, limit: int, max_bytes: int
    ) -> tuple[list[Stored], bool]:
        """Records from sequence `start` on that are within retention, and whether more follow.

        Stops before `max_bytes` of data are exceeded, but returns at least one record.
        """
        found: list[Stored] = []
        oldest = now_us() - stream.retention_us
        size = 0
        with self._env.begin(buffers=True) as txn, txn.cursor() as cursor:
            if not cursor.set_range(_KEY.pack(stream.uid, shard.index, max(start, oldest, 0))):
                return found, False
            for raw_key, raw in cursor:
                uid, index, sequence = _KEY.unpack(raw_key)
                if uid != stream.uid or index != shard.index:
                    return found, False
                arrived, key_bytes = _HEADER.unpack_from(raw)
                if arrived < oldest:
                    continue
                data = raw[_HEADER.size + key_bytes :]
                size += len(data)
                if len(found) == limit or (found and size > max_bytes):
                    return found, True
                key = str(raw[_HEADER.size : _HEADER.size + key_bytes], "utf-8")
                found.append(Stored(sequence, arrived, key, bytes(data)))
        return found, False

    def trim(self, stream: Stream, limit: int = 5000) -> int:
        """Delete up to `limit` records older than the stream's retention; returns how many."""
        before = now_us() - stream.retention_us
        return sum(
            self._delete(_KEY.pack(stream.uid, index, 0), _KEY.pack(stream.uid, index, before), limit)
            for index in stream.shards
            if before > 0
        )

    def purge(self, uid: bytes, limit: int = 5000) -> int:
        """Delete up to `limit` records of a deleted stream; returns how many."""
        return self._delete(_KEY.pack(uid, 0, 0), _KEY.pack(uid, 2**32 - 1, _LAST), limit)

    def close(self) -> None:
        self._env.close()

    def _delete(self, start: bytes, end: bytes, limit: int) -> int:
        gone = 0
        with self._env.begin(write=True) as txn, txn.cursor() as cursor:
            more = cursor.set_range(start)
            while more and gone < limit and cursor.key() < end:
                more = cursor.delete()
                gone += 1
        return gone

    def _tip(self, txn: lmdb.Transaction, uid: bytes, shard: int) -> int:
        tip = self._tips.get((uid, shard))
        if tip is None:
            with txn.cursor() as cursor:
                behind = cursor.set_range(_KEY.pack(uid, shard, _LAST))
                found = cursor.prev() if behind else cursor.last()
                key = bytes(cursor.key()) if found else b""
            tip = _KEY.unpack(key)[2] if key.startswith(_KEY.pack(uid, shard, 0)[:12]) else 0
        return tip


def now_us() -> int:
    return time.time_ns() // 1000


_open: dict[Path, Log] = {}


def of(cloud: Cloud) -> Log:
    """The log of a mirror, opened once."""
    path = cloud.state_dir / "kinesis"
    if path not in _open:
        _open[path] = Log(path)
    return _open[path]
