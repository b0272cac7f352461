"""The write-ahead spool: a decision is in a file before it is answered.

What was written survives the process, `kill -9` included: the kernel holds it. It survives the machine
once the shipper has synced it, every `FRAUDLINE_SPOOL_SYNC_MS`.
"""

from __future__ import annotations

import errno
import logging
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from inference.decision_log import frames, records, segments
from inference.decision_log.log import DecisionLogError
from inference.decision_log.room import Room
from inference.logs import Throttled
from inference.predictions import Prediction

SEGMENT_BYTES = 16 * 1024 * 1024
SEGMENT_S = 5.0
"""A segment is closed after that, at the next record: only closed ones can be deleted."""
_PAUSE_S = 0.05  # after a failed write; a full disk is not tried again for every request

log = logging.getLogger("inference")


class Spool:
    """A worker's own segments in a folder that all workers of the instance share.

    Not for several threads at once. A process that forks must make its spool afterwards.

    Args:
        worker: names this worker among those of the instance.
        max_bytes: of all segments of all workers together that are not delivered yet.

    Raises:
        DecisionLogError: the folder cannot be made or written to.
        ValueError: `worker` cannot be a part of a file's name, or `max_bytes` is too small to work with.
    """

    def __init__(self, folder: Path, worker: str, max_bytes: int) -> None:
        if max_bytes < 64 * 1024:
            raise ValueError(f"max_bytes={max_bytes}: a spool needs at least {64 * 1024} bytes")
        segments.new_name(worker, 0)  # says now what would fail at the first record
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DecisionLogError(_unusable(folder, error.strerror)) from error
        if not os.access(folder, os.W_OK | os.X_OK):
            raise DecisionLogError(_unusable(folder, "no permission to write"))
        self._folder, self._worker = folder, worker
        self._segment_bytes = min(SEGMENT_BYTES, max_bytes // 8)
        self._room = Room(folder, max_bytes)
        self._buffer = records.empty_frame()
        self._descriptor: int | None = None
        self._size = 0
        self._seal_at = 0.0
        self._not_before = 0.0
        self._appended = self._bytes = self._refused = 0
        self._warn = Throttled(log, interval=10.0)

    @property
    def counters(self) -> dict[str, float]:
        """Of this worker: records ``appended`` and ``refused``, ``bytes``; of the folder as it was at the
        last look: ``segments``, their ``segment_bytes`` and the oldest one's age, ``oldest_s``."""
        room = self._room
        age = time.time() - room.oldest_ns / 1e9 if room.segments else 0.0
        return {
            "appended": self._appended,
            "refused": self._refused,
            "bytes": self._bytes,
            "segments": room.segments,
            "segment_bytes": room.bytes,
            "oldest_s": round(max(age, 0.0), 3),
        }

    def append(self, predictions: Sequence[Prediction]) -> None:
        """Write records with one ``write``; when it returns they outlive this process.

        Raises:
            DecisionLogError: none of them was kept: the bound is reached, or the disk is full or broken.
                The next call tries again.
        """
        if not predictions:
            return
        now = time.monotonic()
        if now < self._not_before:
            self._refuse(len(predictions), "the last write failed")
        buffer = self._buffer
        records.encode_into(predictions, buffer, frames.HEAD_BYTES)
        frames.seal(buffer, len(predictions), time.time_ns() // 1_000_000)
        size = len(buffer)
        if not self._room.take(size):
            self.seal()  # what is delivered of it can be deleted then
            self._refuse(len(predictions), "the spool is full: decisions are not delivered fast enough")
        if self._descriptor is None or self._size + size > self._segment_bytes or now >= self._seal_at:
            self._begin(len(predictions), now)
        self._write(buffer, size, len(predictions))
        self._appended += len(predictions)
        self._bytes += size

    def seal(self) -> None:
        """Close the current segment; the next record begins another."""
        if self._descriptor is not None:
            with suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = None

    close = seal

    def _begin(self, count: int, now: float) -> None:
        self.seal()
        time_ns = time.time_ns()
        first = frames.framed(records.preamble(self._worker, os.getpid()), 0, time_ns // 1_000_000)
        try:
            name = segments.new_name(self._worker, time_ns)
            self._descriptor = segments.create(self._folder, name, first)
        except OSError as error:
            self._failed(error, count)
        self._size, self._seal_at = len(first), now + SEGMENT_S

    def _write(self, buffer: bytearray, size: int, count: int) -> None:
        assert self._descriptor is not None
        try:
            written = os.write(self._descriptor, buffer)
        except OSError as error:
            self._undo()
            self._failed(error, count)
        if written != size:
            self._undo()
            self._failed(OSError(errno.ENOSPC, f"only {written} of {size} bytes fitted"), count)
        self._size += size

    def _undo(self) -> None:
        """Take back a part of a frame; a reader would skip it, but it occupies the space."""
        assert self._descriptor is not None
        with suppress(OSError):
            os.ftruncate(self._descriptor, self._size)
        self.seal()

    def _failed(self, error: OSError, count: int) -> NoReturn:
        self._not_before = time.monotonic() + _PAUSE_S
        self._refuse(count, f"{self._folder} cannot be written: {error.strerror}")

    def _refuse(self, count: int, reason: str) -> NoReturn:
        self._refused += count
        self._warn.warning("decisions cannot be recorded", reason=reason)
        raise DecisionLogError(reason)


def _unusable(folder: Path, reason: str | None) -> str:
    return f"spool {folder}: {reason}; give FRAUDLINE_SPOOL_DIR a folder on a local disk that can be written"
