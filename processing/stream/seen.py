"""Which transactions were accepted: for duplicates, and to find the merchant of a label."""

from __future__ import annotations

import struct
from hashlib import blake2b
from typing import NamedTuple

DUPLICATE_MS = 60_000
# As long as labels may be delivered: the retention of their stream.
KEEP_MS = 90 * 86_400_000

_HEAD = struct.Struct("<qB")


class Seen(NamedTuple):
    """An accepted transaction: when it arrived, where it was made, whether it is a known fraud."""

    arrival_ms: int
    merchant_id: str
    reported_fraud: bool = False

    def duplicates(self, arrival_ms: int) -> bool:
        """Whether the same id arriving at `arrival_ms` is a duplicate of this one."""
        return abs(arrival_ms - self.arrival_ms) <= DUPLICATE_MS

    def pack(self) -> bytes:
        return _HEAD.pack(self.arrival_ms, self.reported_fraud) + self.merchant_id.encode()

    @classmethod
    def unpack(cls, data: bytes) -> Seen:
        arrival_ms, reported = _HEAD.unpack_from(data)
        return cls(arrival_ms, data[_HEAD.size :].decode(), bool(reported))


def seen_key(transaction_id: str) -> bytes:
    """A fixed-width key for a transaction id."""
    return blake2b(transaction_id.encode(), digest_size=16).digest()


def arrival_of(packed: bytes) -> int:
    """The arrival time alone of a packed `Seen`."""
    arrival: int = _HEAD.unpack_from(packed)[0]
    return arrival
