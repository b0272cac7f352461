"""Tells an online store how far it is behind, so that a decision can say how stale its features are."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable

from processing.online.writing import OnlineUnavailableError
from processing.stream.publisher import FILLING, Publisher
from processing.stream.sinks import Sink
from processing.stream.store import Store

_log = logging.getLogger(__name__)
PERIOD_S = 1.0
_MOST_MARKS = 3600  # of one per period: beyond that the newest are dropped
_QUIET = 60  # failures in a row between two lines in the log


class ProgressReporter:
    """A thread that fills a new sink, and about every second reports what has arrived there.

    A mark is a commit and the arrival time up to which it contains everything. It is reported once the
    sink has all entities that this commit and those before it changed.
    """

    def __init__(self, sink: Sink, publisher: Publisher, store: Store, drain: threading.Event) -> None:
        self._sink, self._publisher, self._store, self._drain = sink, publisher, store, drain
        self._marks: deque[tuple[int, int]] = deque(maxlen=_MOST_MARKS)
        self._failures = 0
        self._thread = threading.Thread(target=self._run, name=f"progress-{sink.name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self, timeout: float) -> None:
        self._thread.join(timeout)

    def processed_to(self, number: int, arrival_ms: int) -> None:
        """Commit `number` and those before it contain everything that arrived before then."""
        if len(self._marks) < _MOST_MARKS:
            self._marks.append((number, arrival_ms))

    def _run(self) -> None:
        while not self._tried(self._fill):
            if self._drain.wait(PERIOD_S):
                return
        while not self._drain.wait(PERIOD_S):
            self._tried(self._report)

    def _fill(self) -> None:
        if self._sink.is_empty():
            keys = self._store.entities()
            if keys:
                _log.info("%s is empty: filling it with %d entities", self._sink.name, len(keys))
            self._publisher.committed(keys, FILLING)

    def _report(self) -> None:
        oldest = self._publisher.oldest_pending
        reached: int | None = None
        while self._marks and (oldest is None or self._marks[0][0] < oldest):
            reached = self._marks.popleft()[1]
        if reached is not None:
            self._sink.report(reached)

    def _tried(self, what: Callable[[], None]) -> bool:
        try:
            what()
        except OnlineUnavailableError as error:
            if self._failures % _QUIET == 0:
                _log.warning("the progress of the stream is not known to %s: %s", self._sink.name, error)
            self._failures += 1
            return False
        except Exception:
            _log.exception("reporting progress to %s failed", self._sink.name)
            return False
        self._failures = 0
        return True
