"""Delivers to one sink, at that sink's own pace."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from inference.decision_log.collecting import Batch, Collector
from inference.decision_log.cursors import Cursors
from inference.decision_log.pieces import Piece, count, halves
from inference.decision_log.rejected import Rejected
from inference.decision_log.sinks import Sink, UnacceptableError, UnavailableError
from inference.logs import Throttled

_POLL_S = 0.05
_BEHIND_S = 2.0
_PAUSE_S = (0.1, 5.0)  # after the first failure, and at most

log = logging.getLogger("inference")


class Delivery:
    """A thread that brings the spool to a sink; what fails is sent again until it arrives.

    Attributes:
        name: the sink's.
        cursors: how far it has come.
    """

    def __init__(self, folder: Path, sink: Sink) -> None:
        self.name = sink.name
        self.cursors = Cursors(folder / f"cursor-{sink.name}.json")
        self._sink = sink
        self._collector = Collector(folder, self.cursors)
        self._rejected = Rejected(folder, sink.name)
        self._stopping = threading.Event()
        self._deadline = float("inf")
        self._delivered = self._retried = self._torn = self._unreadable = 0
        self._waiting = 0
        self._oldest_ms: int | None = None
        self._looked_at = time.monotonic()
        self._error: str | None = None
        self._warn = Throttled(log, interval=10.0)
        self._thread = threading.Thread(target=self._run, name=f"deliver-{sink.name}", daemon=True)

    @property
    def counters(self) -> dict[str, float | str | None]:
        """Records ``delivered``, ``retried`` and ``rejected``; ``waiting_bytes`` and ``lag_s``, the age of
        the oldest that waits; ``torn_bytes``, which held no record; ``unreadable`` frames; the last
        ``error``, None once a delivery succeeds."""
        oldest = self._oldest_ms
        return {
            "delivered": self._delivered,
            "retried": self._retried,
            "rejected": self._rejected.count,
            "waiting_bytes": self._waiting,
            "lag_s": 0.0 if oldest is None else round(max(time.time() - oldest / 1000, 0.0), 3),
            "torn_bytes": self._torn,
            "unreadable": self._unreadable,
            "error": self._error,
        }

    @property
    def is_behind(self) -> bool:
        """Whether it has more to do than it should have by now, or has not come to look."""
        age_s = 0.0 if self._oldest_ms is None else time.time() - self._oldest_ms / 1000
        late = age_s > self._sink.linger_s + _BEHIND_S or time.monotonic() - self._looked_at > _BEHIND_S
        return late or self._waiting > 2 * self._sink.batch_bytes

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def stop(self, deadline: float) -> None:
        """Deliver what is there and end; what cannot be delivered by then stays in the spool.

        Args:
            deadline: of `time.monotonic`.
        """
        self._deadline = deadline
        self._stopping.set()

    def join(self, seconds: float) -> bool:
        """Wait for its end; False when it has not come to it."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def done(self, segment: str) -> bool:
        """Whether the sink has all of a segment, and nothing will be added to it."""
        return self.cursors.position(segment).done

    def _run(self) -> None:
        try:
            while self._step():
                pass
        finally:
            self._collector.close()
            self._sink.close()

    def _step(self) -> bool:
        """One look, and one delivery if it is worth it; False at the end."""
        stopping = self._stopping.is_set()
        try:
            self._waiting, self._oldest_ms = self._collector.look()
            self._looked_at = time.monotonic()
            if not stopping and not self._due():
                self._stopping.wait(_POLL_S)
                return True
            batch = self._collector.batch(self._sink.batch_bytes)
            if not self._deliver(batch.pieces):
                return False
            self._count(batch)
            self._collector.advance(batch)
        except OSError as error:
            self._problem(f"the spool: {error}")
            return not stopping and not self._stopping.wait(1.0)
        if not batch.reached:
            if stopping:
                return False
            self._stopping.wait(_POLL_S)
        return True

    def _due(self) -> bool:
        """Whether enough waits, or for long enough. Nothing waiting may be an end to be noted."""
        if self._waiting >= self._sink.batch_bytes or self._oldest_ms is None:
            return True
        return time.time() - self._oldest_ms / 1000 >= self._sink.linger_s

    def _count(self, batch: Batch) -> None:
        self._torn += batch.torn
        self._unreadable += batch.unreadable

    def _deliver(self, pieces: Sequence[Piece]) -> bool:
        """Until all have arrived or were put aside; False when there is no time left for that."""
        pause = _PAUSE_S[0]
        while pieces:
            whole = count(pieces)
            try:
                self._sink.deliver(pieces)
            except UnacceptableError as error:
                return self._part(pieces, str(error))
            except UnavailableError as error:
                reason, pieces = str(error), pieces if error.left is None else error.left
            except Exception as error:  # this thread must outlive whatever one batch does to it
                log.exception("delivering decisions failed: %s", type(error).__name__)
                reason = type(error).__name__
            else:
                self._delivered += whole
                self._error = None
                return True
            self._delivered += whole - count(pieces)
            self._problem(reason)
            pause = min(pause * 2, _PAUSE_S[1]) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter only
            if not self._pause(pause):
                return False
            self._retried += count(pieces)
        return True

    def _part(self, pieces: Sequence[Piece], reason: str) -> bool:
        """Find the records that do not fit by halving, and put them aside."""
        first, second = halves(pieces)
        if not second:
            self._rejected.add(first, reason)
            return True
        return self._deliver(first) and self._deliver(second)

    def _pause(self, seconds: float) -> bool:
        left = self._deadline - time.monotonic()
        if left <= 0:
            return False
        if self._stopping.is_set():
            time.sleep(min(seconds, left))
        else:
            self._stopping.wait(seconds)
        return True

    def _problem(self, reason: str) -> None:
        self._error = reason
        self._warn.warning("decisions wait for a sink", sink=self.name, reason=reason)
