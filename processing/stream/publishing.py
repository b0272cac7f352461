"""Every online store that the stream keeps up to date, each at its own pace."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from processing.stream.progress import ProgressReporter
from processing.stream.publisher import Publisher
from processing.stream.sinks import Sink
from processing.stream.store import Store


class Publishing:
    """One `Publisher` and one `ProgressReporter` per sink: a store that is down delays no other.

    Args:
        drain: set when the consumer stops.
    """

    def __init__(self, store: Store, sinks: Sequence[Sink], drain: threading.Event) -> None:
        self._sinks = sinks
        self._publishers = [Publisher(store, sink, drain) for sink in sinks]
        self._reporters = [
            ProgressReporter(sink, publisher, store, drain)
            for sink, publisher in zip(sinks, self._publishers, strict=True)
        ]
        self._waiters: list[Publisher | ProgressReporter] = [*self._publishers, *self._reporters]
        self._number = 0
        # What only some sinks have: the number they have it of, by entity.
        self._partly: list[dict[bytes, int]] = [{} for _ in sinks]

    def start(self) -> None:
        for waiter in self._waiters:
            waiter.start()

    def join(self, timeout: float) -> None:
        end = time.monotonic() + timeout
        for waiter in self._waiters:
            waiter.join(max(0.0, end - time.monotonic()))

    def close(self) -> None:
        """Close the sinks, once nothing writes to them any more."""
        for sink in self._sinks:
            sink.close()

    @property
    def pending(self) -> int:
        """Entities whose newest state is not in every sink yet."""
        return max((publisher.pending for publisher in self._publishers), default=0)

    def committed(self, keys: list[bytes], number: int) -> None:
        """Commit `number` changed these entities."""
        self._number = number
        for publisher in self._publishers:
            publisher.committed(keys, number)

    def processed_to(self, arrival_ms: int) -> None:
        """Everything that arrived before then is in a commit."""
        for reporter in self._reporters:
            reporter.processed_to(self._number, arrival_ms)

    def release(self, every_seconds: float = 0.0) -> None:
        """Let the publishers write what changed, see `Publisher.release`."""
        for publisher in self._publishers:
            publisher.release(every_seconds)

    def take_published(self) -> dict[bytes, int]:
        """Entities that every sink has since the last call, for the next commit to note."""
        taken = [publisher.take_published() for publisher in self._publishers]
        if len(taken) == 1:
            return taken[0]
        for partly, newly in zip(self._partly, taken, strict=True):
            partly.update(newly)
        first, *others = self._partly
        everywhere = {
            key: first[key]
            for newly in taken
            for key in newly
            if key in first and all(other.get(key) == first[key] for other in others)
        }
        for partly in self._partly:
            for key in everywhere:
                del partly[key]
        return everywhere
