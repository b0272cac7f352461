"""The bodies of S3 objects, each written once, outside the snapshot that refers to them."""

from __future__ import annotations

import uuid
from pathlib import Path

import lmdb


def open_environment(path: Path) -> lmdb.Environment:
    """A store that outlives the kill of its process, though not the loss of the machine's power."""
    path.mkdir(exist_ok=True)
    return lmdb.open(str(path), map_size=64 << 30, sync=False, metasync=False)


class LmdbBlobs:
    """Bodies by id, in the LMDB environment `path`."""

    def __init__(self, path: Path) -> None:
        self._env = open_environment(path)

    def save(self, body: bytes) -> str:
        """Store `body`; returns its id."""
        blob_id = uuid.uuid4().hex
        with self._env.begin(write=True) as txn:
            txn.put(blob_id.encode(), body)
        return blob_id

    def load(self, blob_id: str) -> bytes:
        """The body stored as `blob_id`.

        Raises:
            ValueError: there is none.
        """
        with self._env.begin() as txn:
            body = txn.get(blob_id.encode())
        if body is None:
            raise ValueError(f"blob {blob_id} of the snapshot is gone; start with --fresh")
        return bytes(body)

    def keep_only(self, blob_ids: set[str]) -> None:
        """Delete bodies of objects that no longer exist."""
        with self._env.begin() as txn, txn.cursor() as cursor:
            gone = [key for key in cursor.iternext(values=False) if bytes(key).decode() not in blob_ids]
        if gone:
            with self._env.begin(write=True) as txn:
                for key in gone:
                    txn.delete(key)

    def close(self) -> None:
        """Close the environment; the store cannot be used afterwards."""
        self._env.close()
