"""What labels say about one transaction, also while the transaction itself has not been accepted yet."""

from __future__ import annotations

import struct
from typing import NamedTuple

from processing.events import Label

# How long labels wait for their transaction: as long as an accepted one waits for its labels.
WAIT_MS = 90 * 86_400_000

_PACKED = struct.Struct("<qIIq")
_NEVER = -(1 << 62)


class Reports(NamedTuple):
    """The labels of one transaction, whatever order they were read in.

    Attributes:
        arrival_ms: when the first of them arrived.
        labels: how many there are.
        frauds: how many of them say fraud.
        known_ms: the earliest time one of those became known; None without any.
    """

    arrival_ms: int
    labels: int
    frauds: int
    known_ms: int | None

    @classmethod
    def of(cls, label: Label, arrival_ms: int) -> Reports:
        """One label that arrived at `arrival_ms`."""
        return cls(arrival_ms, 1, int(label.is_fraud), label.known_ms if label.is_fraud else None)

    def joined(self, others: Reports) -> Reports:
        """These and `others` of the same transaction."""
        return Reports(
            min(self.arrival_ms, others.arrival_ms),
            self.labels + others.labels,
            self.frauds + others.frauds,
            min((x.known_ms for x in (self, others) if x.known_ms is not None), default=None),
        )

    def pack(self) -> bytes:
        known_ms = _NEVER if self.known_ms is None else self.known_ms
        return _PACKED.pack(self.arrival_ms, self.labels, self.frauds, known_ms)

    @classmethod
    def unpack(cls, data: bytes) -> Reports:
        arrival_ms, labels, frauds, known_ms = _PACKED.unpack(data)
        return cls(arrival_ms, labels, frauds, None if known_ms == _NEVER else known_ms)
