"""Keeps a spool in order: to the disk in time, and away once every sink has it."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

from inference.decision_log.delivery import Delivery
from inference.decision_log.segments import remove_abandoned_drafts, segments

_DRAFTS_S = 60.0


class Janitor:
    """What is to be done once for all sinks. Used by one thread.

    Attributes:
        deleted: segments so far.
    """

    def __init__(self, folder: Path, deliveries: Sequence[Delivery], sync_ms: int) -> None:
        self._folder, self._deliveries = folder, deliveries
        self._sync_s = sync_ms / 1000
        self._sync_at = self._drafts_at = 0.0
        self._synced: dict[str, int] = {}
        self.deleted = 0

    def tidy(self) -> None:
        """Delete what is delivered, and sync the rest when it is time to.

        Raises:
            OSError: the folder cannot be used.
        """
        now = time.monotonic()
        for segment in segments(self._folder):
            if all(delivery.done(segment.name) for delivery in self._deliveries):
                segment.path.unlink(missing_ok=True)
                self.deleted += 1
        if self._sync_s and now >= self._sync_at:
            self._sync()
            self._sync_at = now + self._sync_s
        if now >= self._drafts_at:
            remove_abandoned_drafts(self._folder)
            self._drafts_at = now + _DRAFTS_S

    def _sync(self) -> None:
        """Force to the disk what has grown since the last time."""
        present = segments(self._folder)
        grown = [segment for segment in present if self._synced.get(segment.name) != segment.size]
        for segment in grown:
            descriptor = os.open(segment.path, os.O_RDONLY)
            try:
                os.fdatasync(descriptor)
            finally:
                os.close(descriptor)
        if {segment.name for segment in present} - self._synced.keys():
            folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)  # the names of new segments
            finally:
                os.close(folder)
        self._synced = {segment.name: segment.size for segment in present}
