"""A sink for tests of the shipper: takes what it is told to, and remembers everything."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from inference.decision_log.pieces import Piece
from inference.decision_log.segments import segments
from inference.decision_log.shipper import Shipper
from inference.decision_log.sinks import Sink, UnacceptableError, UnavailableError


class Memory:
    """Keeps decision ids, in the order in which they came.

    Attributes:
        down: refuse everything.
        hung: wait with everything until it is set again.
        poison: ids that make it refuse a whole delivery for good.
    """

    batch_bytes = 64 * 1024
    linger_s = 0.0

    def __init__(self, name: str = "memory") -> None:
        self.name = name
        self.ids: list[str] = []
        self.pieces: list[Piece] = []
        self.down = False
        self.hung = threading.Event()
        self.hung.set()
        self.poison: set[str] = set()
        self.closed = False

    def deliver(self, pieces: Sequence[Piece]) -> None:
        self.hung.wait(30)
        if self.down:
            raise UnavailableError("down")
        ids = [record.decision_id for piece in pieces for record in piece.records]
        if self.poison & set(ids):
            raise UnacceptableError("poison")
        self.pieces += pieces
        self.ids += ids

    def close(self) -> None:
        self.closed = True


class Running:
    """A shipper on a thread, as a context."""

    def __init__(self, folder: Path, *sinks: Sink, drain_s: float = 5.0) -> None:
        self.shipper = Shipper(folder, sinks)
        self._stop = threading.Event()
        self.emptied: bool | None = None
        self._drain_s = drain_s
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        self.emptied = self.shipper.run(self._stop, self._drain_s)

    def __enter__(self) -> Running:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def count(self, sink: str, counter: str) -> Any:
        """A counter of a sink; None while the shipper does not deliver yet."""
        return self.shipper.counters.get(sink, {}).get(counter)

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(30)
        assert not self._thread.is_alive()


def eventually(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never became true"
        time.sleep(0.01)


def empty(folder: Path) -> bool:
    return segments(folder) == []
