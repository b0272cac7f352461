"""Memory that the supervisor and its workers share: heartbeats, busy connections, counters."""

from __future__ import annotations

import mmap

import numpy as np

MOST_CONNECTIONS = 8192
IDLE, BEGUN, ANSWERING = range(3)


class Board:
    """Made before the workers are forked; each writes only what is its own.

    Attributes:
        beats: [workers] `time.monotonic()` of each worker's last sign of life.
        busy: [connections] `BEGUN` while a request is under way, `ANSWERING` while an answer is sent that
            may not go out at once, else `IDLE`; by the connection's slot.
        taken: [connections] bytes that workers have begun to handle, by the connection's slot.
        counters: [workers, counters].
    """

    def __init__(self, workers: int, counters: int) -> None:
        sizes = (8 * workers, 8 * workers * counters, 8 * MOST_CONNECTIONS, MOST_CONNECTIONS)
        memory = mmap.mmap(-1, sum(sizes))
        floats = np.frombuffer(memory, np.float64, workers * (1 + counters))
        self.beats = floats[:workers]
        self.counters = floats[workers:].reshape(workers, counters)
        end = sizes[0] + sizes[1]
        self.taken = memoryview(memory)[end : end + sizes[2]].cast("q")
        self.busy = memoryview(memory)[end + sizes[2] :]
