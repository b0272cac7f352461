"""Shard iterators: opaque tokens for a position in a shard, good for five minutes."""

from __future__ import annotations

import base64
import binascii
import struct
from dataclasses import dataclass

from mirror.api import ServiceError

_FORMAT = struct.Struct(">8sIQQQ")
_LIFETIME_US = 300_000_000


@dataclass(frozen=True, slots=True)
class Position:
    """Where the next read starts: a sequence, and the earliest arrival that counts (AT_TIMESTAMP)."""

    uid: bytes
    shard: int
    sequence: int
    not_before_us: int = 0


def encode(region: str, stream: str, position: Position, now_us: int) -> str:
    """The token of a position. It names its stream, as GetRecords may get nothing else."""
    packed = _FORMAT.pack(position.uid, position.shard, position.sequence, position.not_before_us, now_us)
    return base64.urlsafe_b64encode(packed + f"{region}/{stream}".encode()).decode()


def decode(token: str, now_us: int) -> tuple[str, str, Position]:
    """``(region, stream, position)`` of a token.

    Raises:
        ServiceError: ``ExpiredIteratorException`` after five minutes, ``InvalidArgumentException``
            when it is no iterator.
    """
    try:
        raw = base64.urlsafe_b64decode(token)
        uid, shard, sequence, not_before, issued = _FORMAT.unpack_from(raw)
        region, _, stream = raw[_FORMAT.size :].decode().partition("/")
    except (binascii.Error, struct.error, UnicodeDecodeError, ValueError):
        raise ServiceError("InvalidArgumentException", "ShardIterator: not a shard iterator") from None
    if now_us - issued > _LIFETIME_US:
        raise ServiceError(
            "ExpiredIteratorException", "ShardIterator: issued over 5 minutes ago; get a new one"
        )
    return region, stream, Position(uid, shard, sequence, not_before)
