"""Which transactions were accepted: for duplicates, and to find the merchant of a label."""

from __future__ import annotations

import struct
from hashlib import blake2b
from typing import NamedTuple

DUPLICATE_MS = 60_000
# As long as labels may be delivered: the retention of their stream.
KEEP_MS = 90 * 86_400_000

_HEAD = struct.Struct("<qB")
_KNOWN = struct.Struct("<q")


class Seen(NamedTuple):
    """An accepted transaction.

    Attributes:
        arrival_ms: when it last arrived.
        merchant_id: where it was made, as it first arrived.
        fraud_known_ms: when it became known as fraud; None if it did not.
    """

    arrival_ms: int
    merchant_id: str
    fraud_known_ms: int | None = None

    def duplicates(self, arrival_ms: int) -> bool:
        """Whether the same id arriving at `arrival_ms` is a duplicate of this one."""
        return abs(arrival_ms - self.arrival_ms) <= DUPLICATE_MS

    def pack(self) -> bytes:
        # Most are no frauds, and millions are kept: they do without the time.
        known = b"" if self.fraud_known_ms is None else _KNOWN.pack(self.fraud_known_ms)
        return _HEAD.pack(self.arrival_ms, bool(known)) + known + self.merchant_id.encode()

    @classmethod
    def unpack(cls, data: bytes) -> Seen:
        arrival_ms, is_fraud = _HEAD.unpack_from(data)
        if not is_fraud:
            return cls(arrival_ms, data[_HEAD.size :].decode())
        (known_ms,) = _KNOWN.unpack_from(data, _HEAD.size)
        return cls(arrival_ms, data[_HEAD.size + _KNOWN.size :].decode(), known_ms)


def seen_key(transaction_id: str) -> bytes:
    """A fixed-width key for a transaction id."""
    return blake2b(transaction_id.encode(), digest_size=16).digest()


def arrival_of(packed: bytes) -> int:
    """The arrival time alone of a packed `Seen`."""
    arrival: int = _HEAD.unpack_from(packed)[0]
    return arrival
