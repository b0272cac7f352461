"""Reads spools for assertions, with the reader that the shipper uses."""

from __future__ import annotations

from pathlib import Path

from inference.decision_log import records
from inference.decision_log.segments import segments
from inference.decision_log.tail import Tail
from inference.predictions import Prediction


def spooled(folder: Path) -> list[Prediction]:
    """Every record of a folder, oldest segment first."""
    found: list[Prediction] = []
    for segment in segments(folder):
        tail = Tail(segment)
        while True:
            reading = tail.read(1 << 20)
            for frame in reading.frames:
                found += records.decode(frame.payload)
            if reading.done or reading.end == tail.offset:
                break
            tail.offset = reading.end
        tail.close()
    return found
