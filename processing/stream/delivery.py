"""Delivers an outbox in the background, oldest first."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable

from processing.stream.store import Store

_log = logging.getLogger(__name__)
_READ_AHEAD = 64 << 20  # bytes of payloads in memory before no more are read from the store

# Delivers payloads; returns how many of them, from the first on, have safely arrived.
Deliver = Callable[[list[bytes]], int]


class Delivery:
    """A thread that takes payloads from one outbox and has `deliver` send them.

    Payloads stay in the store until a commit acknowledges them (`take_delivered`), so a consumer
    that is killed delivers again: `deliver` has to be idempotent or its receivers tolerant.

    Args:
        drain: set when the consumer stops; the thread ends once its outbox is empty.
        tick_seconds: how often `deliver` is called when nothing new was committed.

    Attributes:
        pending, pending_bytes: payloads that have not arrived, and their size.
    """

    def __init__(
        self, name: str, store: Store, deliver: Deliver, drain: threading.Event, tick_seconds: float = 0.5
    ) -> None:
        self.name = name
        self._store, self._deliver, self._drain, self._tick = store, deliver, drain, tick_seconds
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._delivered: deque[int] = deque()
        waiting = store.outbox_sizes(name)
        self.pending, self.pending_bytes = len(waiting), sum(waiting)
        self._thread = threading.Thread(target=self._run, name=f"deliver-{name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self, timeout: float) -> None:
        self._wake.set()
        self._thread.join(timeout)

    def committed(self, size: int) -> None:
        """A commit added a payload of so many bytes to the outbox."""
        with self._lock:
            self.pending += 1
            self.pending_bytes += size
        self._wake.set()

    def take_delivered(self) -> list[tuple[str, int]]:
        """Payloads delivered since the last call, for the next commit to remove."""
        with self._lock:
            taken = [(self.name, number) for number in self._delivered]
            self._delivered.clear()
        return taken

    def _run(self) -> None:
        waiting: list[tuple[int, bytes]] = []
        after = -1  # newest payload read from the store
        while True:
            self._wake.clear()
            while True:
                if sum(len(payload) for _, payload in waiting) < _READ_AHEAD:
                    waiting += self._store.outbox(self.name, after)
                after = waiting[-1][0] if waiting else after
                count = self._try([payload for _, payload in waiting]) if waiting else 0
                if not count:
                    break
                with self._lock:
                    self._delivered.extend(number for number, _ in waiting[:count])
                    self.pending -= count
                    self.pending_bytes -= sum(len(payload) for _, payload in waiting[:count])
                del waiting[:count]
            if self._drain.is_set() and not self.pending:
                return
            self._wake.wait(self._tick)

    def _try(self, payloads: list[bytes]) -> int:
        try:
            return self._deliver(payloads)
        except Exception:
            _log.exception("delivering %s failed, trying again", self.name)
            return 0
