"""Durable control-plane documents: one LMDB environment, one named collection per resource kind."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import lmdb
import msgspec

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder()  # timestamps round-trip as aware datetimes


class Documents:
    """Collections of documents keyed by ``(region, key)``; a committed write survives ``kill -9``.

    Values are what `msgspec.msgpack` encodes: dictionaries, lists, strings, numbers, bytes,
    booleans, None and aware datetimes. Reads return fresh copies.
    """

    def __init__(self, path: Path, map_size: int = 4 << 30) -> None:
        path.mkdir(parents=True, exist_ok=True)
        # Surviving a killed process needs no fsync: the page cache outlives the process.
        self._env = lmdb.open(str(path), map_size=map_size, max_dbs=64, sync=False, metasync=False)
        self._collections: dict[str, Collection] = {}
        self._opening = threading.Lock()

    def collection(self, name: str) -> Collection:
        """The collection ``name``, created on first use."""
        found = self._collections.get(name)
        if found is None:
            with self._opening:
                found = self._collections.get(name) or Collection(self._env, name)
                self._collections[name] = found
        return found

    def close(self) -> None:
        self._env.close()


class Collection:
    """One kind of resource, e.g. ``feature-group``."""

    def __init__(self, env: lmdb.Environment, name: str) -> None:
        self._env = env
        # Without a transaction of ours, open_db waits for the writer lock with the GIL held, and the
        # thread that has the lock needs the GIL to give it back.
        with env.begin(write=True) as txn:
            self._db = env.open_db(name.encode(), txn=txn)

    def get(self, region: str, key: str) -> dict[str, Any] | None:
        with self._env.begin(self._db) as txn:
            raw = txn.get(_key(region, key))
        return None if raw is None else _decoder.decode(raw)

    def put(self, region: str, key: str, document: dict[str, Any]) -> None:
        with self._env.begin(self._db, write=True) as txn:
            txn.put(_key(region, key), _encoder.encode(document))

    def update(
        self, region: str, key: str, change: Callable[[dict[str, Any]], dict[str, Any] | None]
    ) -> dict[str, Any] | None:
        """Read, change and write one document in a single transaction.

        `change` receives the document and either mutates it in place or returns its successor.
        Returns the new document, or None when there is none under that key.
        """
        with self._env.begin(self._db, write=True) as txn:
            raw = txn.get(_key(region, key))
            if raw is None:
                return None
            document = _decoder.decode(raw)
            document = change(document) or document
            txn.put(_key(region, key), _encoder.encode(document))
        return document

    def delete(self, region: str, key: str) -> bool:
        with self._env.begin(self._db, write=True) as txn:
            return bool(txn.delete(_key(region, key)))

    def items(self, region: str, prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
        """Documents of a region in key order, as a snapshot of the moment of the call."""
        start = _key(region, prefix)
        skip = len(_key(region, ""))
        found = []
        with self._env.begin(self._db) as txn, txn.cursor() as cursor:
            if cursor.set_range(start):
                for key, raw in cursor:
                    if not bytes(key).startswith(start):
                        break
                    found.append((bytes(key)[skip:].decode(), _decoder.decode(raw)))
        return iter(found)

    def values(self, region: str, prefix: str = "") -> list[dict[str, Any]]:
        return [document for _, document in self.items(region, prefix)]


def _key(region: str, key: str) -> bytes:
    return f"{region}\0{key}".encode()


def utcnow() -> datetime:
    """The wall clock as every document stores it: aware, UTC."""
    return datetime.now(UTC)
