"""Partition keys, hash ranges and sequence numbers."""

from __future__ import annotations

import hashlib
from itertools import pairwise

from mirror.api import ServiceError

MAX_HASH = 2**128 - 1
_PREFIX = "4959"
_SHARD_DIGITS = 12
_SEQUENCE_DIGITS = 40
_LENGTH = len(_PREFIX) + _SHARD_DIGITS + _SEQUENCE_DIGITS


def hash_key(partition_key: str, explicit: str | None) -> int:
    """Where a record falls in the hash range: MD5 of its partition key, unless given explicitly.

    Raises:
        ServiceError: ``InvalidArgumentException`` when `explicit` is no 128-bit number.
    """
    if explicit is None:
        return int.from_bytes(hashlib.md5(partition_key.encode(), usedforsecurity=False).digest(), "big")
    if not explicit.isascii() or not explicit.isdigit() or int(explicit) > MAX_HASH:
        raise ServiceError(
            "InvalidArgumentException", f"ExplicitHashKey: {explicit!r} is not in 0 .. 2^128-1"
        )
    return int(explicit)


def even_ranges(count: int) -> list[tuple[int, int]]:
    """The hash range cut into `count` ranges of equal size, both ends included."""
    edges = [(MAX_HASH + 1) * at // count for at in range(count + 1)]
    return [(start, following - 1) for start, following in pairwise(edges)]


def shard_id(index: int) -> str:
    return f"shardId-{index:012d}"


def shard_index(name: str) -> int:
    """The index in a shard's id; -1 when it is no shard id."""
    _, _, digits = name.partition("shardId-")
    return int(digits) if digits.isascii() and digits.isdigit() else -1


def sequence_number(shard: int, sequence: int) -> str:
    """A sequence number as the service shows it: 56 digits, in the order of `sequence` per shard."""
    return f"{_PREFIX}{shard:0{_SHARD_DIGITS}d}{sequence:0{_SEQUENCE_DIGITS}d}"


def sequence_of(text: str, shard: int) -> int:
    """The internal sequence of a sequence number.

    Raises:
        ServiceError: ``InvalidArgumentException`` when it is not one of this shard.
    """
    if len(text) == _LENGTH and text.isascii() and text.isdigit() and text.startswith(_PREFIX):
        middle = len(_PREFIX) + _SHARD_DIGITS
        if int(text[len(_PREFIX) : middle]) == shard:
            return int(text[middle:])
    raise ServiceError(
        "InvalidArgumentException", f"StartingSequenceNumber: {text!r} is not of shard {shard_id(shard)}"
    )
