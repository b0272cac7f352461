"""The shipper's counters in a file: the server's metrics show them."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

from inference.decision_log.segments import segments

FILE = "status.json"


class Status(msgspec.Struct, frozen=True):
    """What the shipper said last.

    Attributes:
        updated_at: seconds since 1970; an old one means that no shipper runs.
        segments, segment_bytes: of the spool.
        deleted_segments: since the shipper began.
        sinks: `inference.decision_log.delivery.Delivery.counters` by sink.
    """

    updated_at: float
    pid: int
    segments: int
    segment_bytes: int
    deleted_segments: int
    sinks: dict[str, dict[str, float | str | None]]


_decode = msgspec.json.Decoder(Status).decode


def write_status(folder: Path, sinks: Mapping[str, Mapping[str, float | str | None]], deleted: int) -> None:
    """Replace the status file.

    Raises:
        OSError: it cannot be written.
    """
    found = segments(folder)
    size = sum(segment.size for segment in found)
    by_sink = {name: dict(counters) for name, counters in sinks.items()}
    status = Status(round(time.time(), 3), os.getpid(), len(found), size, deleted, by_sink)
    draft = folder / (FILE + ".tmp")
    draft.write_bytes(msgspec.json.encode(status))
    draft.replace(folder / FILE)


def read_status(folder: Path) -> Status | None:
    """The shipper's last word; None if it has not said any, or nothing that can be read."""
    try:
        return _decode((folder / FILE).read_bytes())
    except (OSError, msgspec.MsgspecError):
        return None
