"""Keeps an online store up to date with committed states."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from itertools import islice
from operator import itemgetter

from processing.stream.sinks import Sink
from processing.stream.store import Store

_log = logging.getLogger(__name__)
_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 5.0  # after a write that failed

FILLING = -1
"""Number of a commit that never was: of entities that a new sink lacks, although nothing changed."""


class Publisher:
    """Threads that write the newest committed state of every changed entity.

    However often an entity changes while its turn has not come, it is written once. Writes of one
    entity never overlap, so an older state cannot replace a newer one.

    Args:
        store: where the set of unpublished entities is.
        drain: set when the consumer stops; threads end after the write at hand. What is not
            written yet is known to the store, and is the first thing the next start writes.
    """

    def __init__(self, store: Store, sink: Sink, drain: threading.Event) -> None:
        self._sink, self._drain = sink, drain
        self._changed = threading.Condition()
        self._waiting: dict[bytes, int] = store.dirty()
        self._ready: deque[bytes] = deque()
        self._numbers: dict[bytes, int] = {}  # of keys in `_ready`
        self._flying: set[bytes] = set()
        # The oldest commit whose change of an entity has not begun to be written, oldest first; and of
        # those being written.
        self._oldest: dict[bytes, int] = dict(sorted(self._waiting.items(), key=itemgetter(1)))
        self._oldest_flying: dict[bytes, int] = {}
        self._published: dict[bytes, int] = {}
        self._released_at = time.monotonic()
        self._threads = [
            threading.Thread(target=self._run, name=f"publish-{sink.name}-{n}", daemon=True)
            for n in range(sink.threads)
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
        """Entities whose newest state is not in the sink yet."""
        with self._changed:
            return len(self._waiting) + len(self._numbers) + len(self._flying)

    @property
    def oldest_pending(self) -> int | None:
        """The oldest commit of which something is not in the sink yet."""
        with self._changed:
            numbers = list(self._oldest_flying.values())
            numbers += islice(self._oldest.values(), 1)
        return min(numbers, default=None)

    def committed(self, keys: list[bytes], number: int) -> None:
        """Commit `number` changed these entities."""
        with self._changed:
            if number == FILLING:
                filling = dict.fromkeys(keys, number)
                self._waiting = filling | self._waiting
                others = ((key, n) for key, n in self._oldest.items() if key not in filling)
                self._oldest = filling | dict(others)
                return
            self._waiting.update(dict.fromkeys(keys, number))
            for key in keys:
                self._oldest.setdefault(key, number)

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
                # A write that failed waits again with the number it had, when a newer one may be ready.
                self._numbers[key] = max(number, self._numbers.get(key, number))
            self._waiting.clear()
            self._changed.notify_all()

    def take_published(self) -> dict[bytes, int]:
        """Entities written since the last call, for the next commit to note."""
        with self._changed:
            taken, self._published = self._published, {}
        return taken

    def _run(self) -> None:
        failures = 0
        while batch := self._next():
            arrived = self._publish(list(batch))
            with self._changed:
                self._flying.difference_update(batch)
                begun = {key: self._oldest_flying.pop(key) for key in batch}
                if arrived:
                    self._published.update(
                        (key, number) for key, number in batch.items() if number != FILLING
                    )
                else:
                    self._oldest = dict(sorted((self._oldest | begun).items(), key=itemgetter(1)))
                    for key, number in batch.items():
                        self._waiting.setdefault(key, number)
                self._changed.notify_all()
            failures = 0 if arrived else failures + 1
            if failures:
                self._drain.wait(min(_PAUSE_S * 2**failures, _LONGEST_PAUSE_S))

    def _publish(self, keys: list[bytes]) -> bool:
        try:
            return self._sink.publish(keys)
        except Exception:
            _log.exception("writing %d feature records failed, trying again later", len(keys))
            return False

    def _next(self) -> dict[bytes, int]:
        """The next entities to write, waiting for some; empty when the thread should end."""
        with self._changed:
            while not self._drain.is_set():
                batch: dict[bytes, int] = {}
                postponed: list[bytes] = []
                while self._ready and len(batch) < self._sink.most:
                    key = self._ready.popleft()
                    if key in self._flying:
                        postponed.append(key)
                    else:
                        batch[key] = self._numbers.pop(key)
                        # What changed since it became ready is written with it.
                        self._oldest_flying[key] = self._oldest.pop(key, batch[key])
                self._ready.extend(postponed)
                if batch:
                    self._flying.update(batch)
                    return batch
                self._changed.wait(0.5)
            return {}
