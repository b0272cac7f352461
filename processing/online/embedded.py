"""The embedded online store: one LMDB environment that the stream writes and server processes read."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lmdb

from processing.online.codec import HEADER, PROGRESS, STREAM, key, pack
from processing.online.writing import OnlineRecord, OnlineUnavailableError

MAP_SIZE = 64 << 30  # address space, not disk; readers and the writer use the same
MOST_READERS = 512


class LmdbWriter:
    """Writes the store in `folder`, which is created. One process may write at a time.

    A committed write survives ``kill -9``: the page cache outlives the process. After a power failure
    delete the folder, and the stream fills it again.
    """

    def __init__(self, folder: Path, map_size: int = MAP_SIZE) -> None:
        self._lock = threading.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._env: Any = lmdb.open(
                os.fspath(folder), map_size=map_size, max_readers=MOST_READERS, sync=False, metasync=False
            )
        except (OSError, lmdb.Error) as error:
            raise OnlineUnavailableError(f"{folder} cannot be opened as a store: {error}") from error

    def write(self, records: Sequence[OnlineRecord]) -> None:
        """See `OnlineWriter`."""
        try:
            with self._lock, self._env.begin(write=True, buffers=True) as txn:
                for record in records:
                    name = key(record.kind, record.entity)
                    stored = txn.get(name)
                    if stored is not None and len(stored) >= HEADER.size:
                        newest_ms, _ = HEADER.unpack_from(stored)
                        if newest_ms > record.event_ms:
                            continue
                    txn.put(name, pack(record.event_ms, record.payload, record.expires_ms))
        except lmdb.Error as error:
            raise OnlineUnavailableError(f"{self._env.path()} cannot be written: {error}") from error

    def is_empty(self) -> bool:
        """See `OnlineWriter`."""
        with self._env.begin() as txn:
            return txn.get(key(PROGRESS, STREAM)) is None

    def close(self) -> None:
        """Close the store."""
        self._env.close()
