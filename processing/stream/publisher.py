"""Keeps the Feature Store up to date with committed states."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque

from processing.stream.feature_records import Entry, FeatureRecords
from processing.stream.feature_writer import FeatureWriter
from processing.stream.store import Store

_log = logging.getLogger(__name__)
_MOST_ENTRIES = 25


class Publisher:
    """Threads that write the newest committed state of every changed entity.

    However often an entity changes while its turn has not come, it is written once. Writes of one
    entity never overlap, so an older state cannot replace a newer one.

    Args:
        store: where states and the set of unpublished entities are.
        drain: set when the consumer stops; threads end after the write at hand. What is not
            written yet is known to the store, and is the first thing the next start writes.
    """

    def __init__(
        self,
        store: Store,
        records: FeatureRecords,
        writer: FeatureWriter,
        drain: threading.Event,
        threads: int = 4,
    ) -> None:
        self._records, self._writer, self._drain = records, writer, drain
        self._changed = threading.Condition()
        self._waiting: dict[bytes, int] = store.dirty()
        self._ready: deque[bytes] = deque()
        self._numbers: dict[bytes, int] = {}  # of keys in `_ready`
        self._flying: set[bytes] = set()
        self._published: dict[bytes, int] = {}
        self._released_at = time.monotonic()
        self._threads = [
            threading.Thread(target=self._run, name=f"publish-{n}", daemon=True) for n in range(threads)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def join(self, timeout: float) -> None:
        end = time.monotonic() + timeout
        with self._changed:
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))

    @property
    def pending(self) -> int:
        """Entities whose newest state is not in the Feature Store yet."""
        with self._changed:
            return len(self._waiting) + len(self._numbers) + len(self._flying)

    def committed(self, keys: list[bytes], number: int) -> None:
        """Commit `number` changed these entities."""
        with self._changed:
            self._waiting.update(dict.fromkeys(keys, number))

    def release(self, every_seconds: float = 0.0) -> None:
        """Let the threads write what changed, unless they were told so within `every_seconds`."""
        now = time.monotonic()
        with self._changed:
            if not self._waiting or now - self._released_at < every_seconds:
                return
            self._released_at = now
            for key, number in self._waiting.items():
                if key not in self._numbers:
                    self._ready.append(key)
                self._numbers[key] = number
            self._waiting.clear()
            self._changed.notify_all()

    def take_published(self) -> dict[bytes, int]:
        """Entities written since the last call, for the next commit to note."""
        with self._changed:
            taken, self._published = self._published, {}
        return taken

    def _run(self) -> None:
        while batch := self._next():
            entries = [entry for key in batch if (entry := self._entry(key)) is not None]
            arrived = self._write(entries)
            with self._changed:
                self._flying.difference_update(batch)
                for key, number in batch.items():
                    if arrived:
                        self._published[key] = number
                    else:
                        self._waiting.setdefault(key, number)
                self._changed.notify_all()

    def _entry(self, key: bytes) -> Entry | None:
        try:
            return self._records.entry(key)
        except ValueError as error:  # a state that cannot be read: its next transactions are dead letters
            _log.error("%s cannot be published: %s", key[1:].decode(), error)
            return None

    def _write(self, entries: list[Entry]) -> bool:
        try:
            return self._writer.write(entries)
        except Exception:
            _log.exception("writing %d feature records failed, trying again later", len(entries))
            return False

    def _next(self) -> dict[bytes, int]:
        """The next entities to write, waiting for some; empty when the thread should end."""
        with self._changed:
            while not self._drain.is_set():
                batch: dict[bytes, int] = {}
                postponed: list[bytes] = []
                while self._ready and len(batch) < _MOST_ENTRIES:
                    key = self._ready.popleft()
                    if key in self._flying:
                        postponed.append(key)
                    else:
                        batch[key] = self._numbers.pop(key)
                self._ready.extend(postponed)
                if batch:
                    self._flying.update(batch)
                    return batch
                self._changed.wait(0.5)
            return {}
