"""What one sink has still to get: reads all segments from where that sink has come."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import NamedTuple

import msgspec

from inference.decision_log import records
from inference.decision_log.cursors import Cursors, Position
from inference.decision_log.frames import Frame
from inference.decision_log.pieces import Piece
from inference.decision_log.segments import segments
from inference.decision_log.tail import Tail
from inference.predictions import Prediction

log = logging.getLogger("inference")


class Batch(NamedTuple):
    """Attributes:
    pieces: the records to deliver; empty when segments only came to their end.
    reached: positions once these are delivered.
    torn: bytes that held no record.
    unreadable: frames whose records this release cannot read.
    """

    pieces: list[Piece]
    reached: dict[str, Position]
    torn: int
    unreadable: int


class Collector:
    """The unread part of a folder's segments, for one sink. Used by that sink's thread only."""

    def __init__(self, folder: Path, cursors: Cursors) -> None:
        self._folder, self._cursors = folder, cursors
        self._tails: dict[str, Tail] = {}

    def look(self) -> tuple[int, int | None]:
        """How many bytes wait, and when the oldest of them was written (milliseconds since 1970)."""
        self._follow()
        waiting, oldest = 0, None
        for tail in self._tails.values():
            size = tail.waiting()
            waiting += size
            written = tail.next_ms() if size else None
            if written is not None and (oldest is None or written < oldest):
                oldest = written
        return waiting, oldest

    def batch(self, most_bytes: int) -> Batch:
        """The next records, oldest segments first, about `most_bytes` of them."""
        self._follow()
        pieces: list[Piece] = []
        reached: dict[str, Position] = {}
        left, torn, unreadable = most_bytes, 0, 0
        for name, tail in self._tails.items():
            reading = tail.read(left)
            torn += reading.skipped
            found, failed = _decoded(name, reading.frames)
            unreadable += failed
            if reading.end != tail.offset or reading.done:
                reached[name] = Position(reading.end, reading.done)
            if found:
                pieces.append(Piece(name, tail.offset, tail.features, found))
            left -= reading.end - tail.offset
            if left <= 0:
                break
        return Batch(pieces, reached, torn, unreadable)

    def advance(self, batch: Batch) -> None:
        """Go on behind a batch; positions are written to the cursor file.

        Raises:
            OSError: they could not be written; the batch may be delivered again after a restart.
        """
        for name, position in batch.reached.items():
            tail = self._tails[name]
            tail.offset = position.offset
            if position.done:
                tail.close()
                del self._tails[name]
        if batch.reached:
            self._cursors.keep_only(segment.name for segment in segments(self._folder))
            self._cursors.advance(batch.reached)

    def close(self) -> None:
        """Let go of the files."""
        for tail in self._tails.values():
            tail.close()
        self._tails.clear()

    def _follow(self) -> None:
        """Open segments that are new."""
        for segment in segments(self._folder):
            if segment.name in self._tails:
                continue
            position = self._cursors.position(segment.name)
            if not position.done:
                try:
                    self._tails[segment.name] = Tail(segment, position.offset)
                except FileNotFoundError:
                    continue  # all sinks have it, and it was deleted meanwhile


def _decoded(name: str, frames: list[Frame]) -> tuple[list[Prediction], int]:
    found: list[Prediction] = []
    failed = 0
    for frame in frames:
        if not frame.records:
            continue  # a preamble
        try:
            found += records.decode(frame.payload)
        except msgspec.MsgspecError as error:
            failed += 1
            log.error(
                "a spool holds records that this release cannot read: %s",
                error,
                extra={"fields": {"segment": name, "offset": frame.start, "records": frame.records}},
            )
    return found, failed
