"""How a record lies in Redis and in LMDB: the only place that knows, for writers and readers.

    bytes 0-7    event time, milliseconds since 1970
    bytes 8-15   when the record expires, milliseconds since 1970; 0 never
    from 16      packed state of a user or a merchant; a profile or a progress as MessagePack

Both numbers are little-endian and signed. A key is the kind's letter and the entity's id.
"""

from __future__ import annotations

import struct
from typing import Literal

import msgspec

from processing.events.records import Profile

Kind = Literal["p", "u", "m", "s"]
PROFILE: Kind = "p"
USER: Kind = "u"
MERCHANT: Kind = "m"
PROGRESS: Kind = "s"
STREAM = "transactions-raw"
"""The entity that `PROGRESS` is about."""

HEADER = struct.Struct("<qq")
_NEVER = 0


def key(kind: Kind, entity: str) -> bytes:
    """The key of an entity's record."""
    return f"{kind}{entity}".encode()


def pack(event_ms: int, payload: bytes, expires_ms: int | None = None) -> bytes:
    """A stored value."""
    return HEADER.pack(event_ms, _NEVER if expires_ms is None else expires_ms) + payload


def unpack(raw: bytes, now_ms: float) -> tuple[int, bytes] | None:
    """Event time and payload of a stored value; None for one that has expired.

    Raises:
        ValueError: the bytes are too short for a value.
    """
    if len(raw) < HEADER.size:
        raise ValueError(f"a stored value of {len(raw)} bytes: expected at least {HEADER.size}")
    event_ms, expires_ms = HEADER.unpack_from(raw)
    if expires_ms != _NEVER and expires_ms <= now_ms:
        return None
    return event_ms, raw[HEADER.size :]


class _Profile(msgspec.Struct, array_like=True, frozen=True, gc=False):
    home_lat: float | None
    home_lon: float | None
    home_country: str | None


_encode = msgspec.msgpack.Encoder().encode
_decode_profile = msgspec.msgpack.Decoder(_Profile).decode
_decode_progress = msgspec.msgpack.Decoder(int).decode


def pack_profile(profile: Profile) -> bytes:
    """The payload of a profile."""
    return _encode(_Profile(profile.home_lat, profile.home_lon, profile.home_country))


def unpack_profile(payload: bytes) -> Profile:
    """What `pack_profile` packed.

    Raises:
        msgspec.MsgspecError: the bytes are no profile.
    """
    found = _decode_profile(payload)
    return Profile(found.home_lat, found.home_lon, found.home_country)


def pack_progress(processed_to_ms: int) -> bytes:
    """The payload of a progress: the arrival time up to which everything is in the store."""
    return _encode(processed_to_ms)


def unpack_progress(payload: bytes) -> int:
    """What `pack_progress` packed.

    Raises:
        msgspec.MsgspecError: the bytes are no progress.
    """
    return _decode_progress(payload)
