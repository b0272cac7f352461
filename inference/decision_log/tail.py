"""Reads a segment while it is written: complete frames only, until nobody will write any more."""

from __future__ import annotations

import logging
import os
from typing import NamedTuple

from feature_groups import FEATURE_NAMES
from inference.decision_log import frames, records
from inference.decision_log.frames import HEAD_BYTES, MOST_PAYLOAD_BYTES, Frame
from inference.decision_log.segments import Segment, sealed

_LEAST_READ = 256 * 1024

log = logging.getLogger("inference")


class Reading(NamedTuple):
    """What one look at a segment found.

    Attributes:
        end: where the next look begins.
        done: nothing will follow.
        skipped: bytes that are no frame: the torn end of a writer that was killed, or damage.
    """

    frames: list[Frame]
    end: int
    done: bool
    skipped: int = 0


class Tail:
    """One reader's view of a segment.

    Args:
        offset: where to begin; 0 is behind the preamble.
    """

    def __init__(self, segment: Segment, offset: int = 0) -> None:
        self.name = segment.name
        self._descriptor = os.open(segment.path, os.O_RDONLY | os.O_CLOEXEC)
        self._sealed = False
        self.features, first = self._preamble()
        self.offset = max(offset, first)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)

    def waiting(self) -> int:
        """Bytes behind the offset."""
        return max(os.fstat(self._descriptor).st_size - self.offset, 0)

    def next_ms(self) -> int | None:
        """When the next frame was written, milliseconds since 1970; None if there is none, or it is torn."""
        head = os.pread(self._descriptor, HEAD_BYTES, self.offset)
        return frames.written_ms(head)

    def read(self, most_bytes: int) -> Reading:
        """Frames from the offset on, about `most_bytes` of them; the offset stays where it is."""
        if not self._sealed:
            # Before reading: what is complete afterwards was complete when the writer let go.
            self._sealed = sealed(self._descriptor)
        data = os.pread(self._descriptor, max(most_bytes, _LEAST_READ), self.offset)
        found, used, verdict = frames.parse(data, self.offset)
        if not found and verdict == "short":  # one frame may be longer than the read
            length = frames.wanted(data, 0)
            if len(data) < length <= HEAD_BYTES + MOST_PAYLOAD_BYTES:
                data = os.pread(self._descriptor, length, self.offset)
                found, used, verdict = frames.parse(data, self.offset)
        end = self.offset + used
        if found or verdict == "complete":
            return Reading(found, end, self._sealed and not found and not data)
        if not self._sealed:
            return Reading([], end, False)  # being written, or about to be taken back
        return self._behind_damage()

    def _behind_damage(self) -> Reading:
        rest = os.pread(self._descriptor, os.fstat(self._descriptor).st_size, self.offset)
        at = frames.next_frame(rest, 1)
        skipped = len(rest) if at is None else at
        if at is not None:
            log.error("a spool is damaged", extra={"fields": {"segment": self.name, "bytes": skipped}})
        return Reading([], self.offset + skipped, at is None, skipped)

    def _preamble(self) -> tuple[tuple[str, ...], int]:
        found, _, _ = frames.parse(os.pread(self._descriptor, _LEAST_READ, 0), 0)
        if found and found[0].records == 0:
            return records.decode_preamble(found[0].payload).features, found[0].end
        log.error("a spool's preamble is damaged", extra={"fields": {"segment": self.name}})
        return FEATURE_NAMES, 0
