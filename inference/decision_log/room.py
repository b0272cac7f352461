"""How much a spool may still take: one bound for all workers, told from the files they share."""

from __future__ import annotations

import time
from pathlib import Path

from inference.decision_log.segments import segments

# Between two looks each worker may take this part of what was free: so many cannot exceed the bound.
_WORKERS = 16
_LOOK_S = 0.25


class Room:
    """Counts what this worker writes, and looks at the folder when that is not enough any more.

    Args:
        max_bytes: of all segments together.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder, self._max_bytes = folder, max_bytes
        self._left = 0
        self._free = 0
        self._look_at = 0.0
        self.segments, self.bytes, self.oldest_ns = 0, 0, 0

    def take(self, size: int) -> bool:
        """Whether `size` more bytes fit; then they are taken."""
        if size > self._left or time.monotonic() >= self._look_at:
            self._look(size)
        if size > self._left:
            return False
        self._left -= size
        return True

    def _look(self, size: int) -> None:
        now = time.monotonic()
        if self._free < size and now < self._look_at:
            return  # full a moment ago: a look for every refused request would cost more than an answer
        found = segments(self._folder)
        self.segments, self.bytes = len(found), sum(segment.size for segment in found)
        self.oldest_ns = found[0].created_ns if found else 0
        self._free = self._max_bytes - self.bytes
        # The last one that fits may take more than its part.
        self._left = max(self._free // _WORKERS, size if size <= self._free else 0)
        self._look_at = now + (_LOOK_S if self._left >= size else _LOOK_S / 5)
