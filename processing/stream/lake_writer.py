"""Collects committed rows and writes them to the lake as one Parquet file per partition."""

from __future__ import annotations

import threading
import time
from typing import Any

import msgspec

from processing.stream.lake_files import LakeFiles
from processing.stream.records import LakeRows

_decoder = msgspec.msgpack.Decoder(LakeRows)
_IDLE_SECONDS = 1.0


class LakeWriter:
    """Decides when enough rows wait, and writes them.

    A group of batches is named after the first record of its first batch. After a crash the same
    batches, and perhaps more, are written under the same names: files are replaced, never doubled.

    Args:
        client: an S3 client.
        bucket: the lake.
        rows, seconds: write when so many rows wait or the oldest has waited so long.
        drain: set when the consumer stops; what waits is then written.
        abort: set when the consumer cannot wait any longer.
    """

    def __init__(
        self,
        client: Any,
        bucket: str,
        rows: int,
        seconds: float,
        drain: threading.Event,
        abort: threading.Event,
    ) -> None:
        self._files = LakeFiles(client, bucket, abort)
        self._rows, self._seconds, self._drain = rows, seconds, drain
        self._waiting: list[LakeRows] = []
        self.caught_up = False  # nothing more to come for now: what rested for a second is written
        self._first_at = self._last_at = 0.0

    def deliver(self, payloads: list[bytes]) -> int:
        """Write the oldest group if it is complete; returns how many batches it had.

        Between calls `payloads` grows at its end, and loses at its start what was written.
        """
        now = time.monotonic()
        if not self._waiting:
            self._first_at = now
        for payload in payloads[len(self._waiting) :]:
            self._waiting.append(_decoder.decode(payload))
            self._last_at = now
        group = self._group()
        full = len(group) < len(self._waiting)
        waited, rested = now - self._first_at, now - self._last_at
        idle = self.caught_up and rested >= _IDLE_SECONDS
        if not (full or idle or waited >= self._seconds or self._drain.is_set()):
            return 0
        if not self._files.write(group):
            return 0
        del self._waiting[: len(group)]
        self._first_at = now
        return len(group)

    def _group(self) -> list[LakeRows]:
        """The batches of the next files: as many as come before the limit of rows is passed."""
        rows = 0
        for position, batch in enumerate(self._waiting):
            rows += len(batch.transactions) + len(batch.labels)
            if rows > self._rows and position:
                return self._waiting[:position]
        return self._waiting[:]
