"""The framing of a spool: what is complete, what is torn, and where to go on after damage.

A frame is one `append`: all of its records or none. Little-endian, 24 bytes and the payload:

    magic "FLD1" | payload length u32 | CRC-32 of all that follows u32 | records u32 | time ms u64 | payload
"""

from __future__ import annotations

import struct
import zlib
from typing import Literal, NamedTuple

MAGIC = b"FLD1"
HEAD_BYTES = 24
MOST_PAYLOAD_BYTES = 64 * 1024 * 1024
"""Longer ones are damage: the largest flush of a server is far below."""

_LEAD = struct.Struct("<4sII")
_REST = struct.Struct("<IQ")

Verdict = Literal["complete", "short", "damaged"]
"""Of the bytes after the last frame: nothing is left, a frame has begun, or they are no frame."""


class Frame(NamedTuple):
    """A frame whose checksum holds.

    Attributes:
        start: of its first byte in the segment; `end` is where the next one begins.
        time_ms: the writer's clock.
    """

    start: int
    end: int
    records: int
    time_ms: int
    payload: bytes


def seal(buffer: bytearray, records: int, time_ms: int) -> None:
    """Fill in the head of a frame whose payload is in place, from byte `HEAD_BYTES` on."""
    _REST.pack_into(buffer, _LEAD.size, records, time_ms)
    checksum = zlib.crc32(memoryview(buffer)[_LEAD.size :])
    _LEAD.pack_into(buffer, 0, MAGIC, len(buffer) - HEAD_BYTES, checksum)


def framed(payload: bytes, records: int, time_ms: int) -> bytes:
    """A payload as a frame."""
    buffer = bytearray(HEAD_BYTES) + payload
    seal(buffer, records, time_ms)
    return bytes(buffer)


def parse(data: bytes, base: int) -> tuple[list[Frame], int, Verdict]:
    """The frames that `data` begins with.

    Args:
        base: where `data` begins in its segment.

    Returns:
        The frames, how many bytes they take, and what comes after them.
    """
    found: list[Frame] = []
    at = 0
    while at < len(data):
        frame, verdict = _frame(data, at, base)
        if frame is None:
            return found, at, verdict
        found.append(frame)
        at = frame.end - base
    return found, at, "complete"


def next_frame(data: bytes, at: int) -> int | None:
    """Where in `data` the first sound frame after damage begins, at or after `at`; None: nowhere."""
    while (at := data.find(MAGIC, at)) >= 0:
        if _frame(data, at, 0)[0] is not None:
            return at
        at += 1
    return None


def wanted(data: bytes, at: int) -> int:
    """How many bytes the frame that begins at `at` has, as far as its head tells; 0: not even that."""
    if len(data) - at < HEAD_BYTES:
        return 0
    return HEAD_BYTES + int(_LEAD.unpack_from(data, at)[1])


def written_ms(head: bytes) -> int | None:
    """The time in a frame's head; None if it is none."""
    if len(head) < HEAD_BYTES or not head.startswith(MAGIC):
        return None
    return int(_REST.unpack_from(head, _LEAD.size)[1])


def _frame(data: bytes, at: int, base: int) -> tuple[Frame | None, Verdict]:
    head = data[at : at + HEAD_BYTES]
    if head[: len(MAGIC)] != MAGIC[: len(head)]:
        return None, "damaged"
    if len(head) < HEAD_BYTES:
        return None, "short"
    _, length, checksum = _LEAD.unpack_from(head)
    if length > MOST_PAYLOAD_BYTES:
        return None, "damaged"
    end = at + HEAD_BYTES + length
    if end > len(data):
        return None, "short"
    if zlib.crc32(memoryview(data)[at + _LEAD.size : end]) != checksum:
        return None, "damaged"
    records, time_ms = _REST.unpack_from(head, _LEAD.size)
    return Frame(base + at, base + end, records, time_ms, data[at + HEAD_BYTES : end]), "complete"
