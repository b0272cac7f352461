"""Decisions in a spool that are not delivered yet, or cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from inference.decision_log import records
from inference.decision_log.past.decision import PastDecision, SourceError
from inference.decision_log.past.rows import of_record
from inference.decision_log.segments import segments
from inference.decision_log.tail import Tail

_READ_BYTES = 4 * 1024 * 1024


class SpoolFolder:
    """The segments of a folder, in any state; reading changes nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, identifier: str) -> list[PastDecision]:
        """See `Source.find`."""
        return sorted(
            (one for one in self._all() if identifier in (one.decision_id, one.transaction_id)),
            key=lambda decision: decision.decided_at,
            reverse=True,
        )

    def _all(self) -> Iterator[PastDecision]:
        try:
            found = segments(self._folder)
        except OSError as error:
            raise SourceError(f"{self._folder}: {error.strerror}; name the folder of a spool") from error
        for segment in found:
            try:
                tail = Tail(segment)
            except FileNotFoundError:
                continue  # delivered and deleted meanwhile
            try:
                yield from self._of(tail, str(segment.path))
            finally:
                tail.close()

    def _of(self, tail: Tail, source: str) -> Iterator[PastDecision]:
        while True:
            reading = tail.read(_READ_BYTES)
            for frame in reading.frames:
                for record in records.decode(frame.payload) if frame.records else []:
                    yield of_record(record, tail.features, source)
            if reading.done or reading.end == tail.offset:
                return
            tail.offset = reading.end
