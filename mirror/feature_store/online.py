"""Binary layout of online records and of the buffer that feeds the offline store."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

_HEADER = struct.Struct(">qqqB")
_NEVER = 2**63 - 1
# The last moment that a response can name: a time to live beyond it ends there.
LATEST_US = int(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp()) * 1_000_000
_NO_TTL = -1
# LMDB keys end at 511 bytes; identifiers may be far longer.
_LONGEST_PLAIN = 400


@dataclass(frozen=True, slots=True)
class OnlineRecord:
    """A record in the online store. Times in microseconds since 1970; `json` its values."""

    event_us: int
    expires_us: int
    ttl_s: int | None
    deleted: bool
    json: bytes

    @property
    def expires(self) -> bool:
        return self.expires_us != _NEVER


class OfflineRow(msgspec.Struct, array_like=True, frozen=True):
    """One append to the offline store. Times in microseconds since 1970; `json` its values."""

    event_us: int
    invoked_us: int
    deleted: bool
    json: bytes


def record(event_us: int, ttl_s: int | None, json: bytes, *, deleted: bool = False) -> OnlineRecord:
    """A record that expires `ttl_s` after its event time; None means never."""
    expires = _NEVER if ttl_s is None else min(event_us + ttl_s * 1_000_000, LATEST_US)
    return OnlineRecord(event_us, expires, ttl_s, deleted, json)


def pack(found: OnlineRecord) -> bytes:
    ttl = _NO_TTL if found.ttl_s is None else found.ttl_s
    return _HEADER.pack(found.event_us, found.expires_us, ttl, found.deleted) + found.json


def unpack(raw: bytes) -> OnlineRecord:
    event, expires, ttl, deleted = _HEADER.unpack_from(raw)
    return OnlineRecord(event, expires, None if ttl == _NO_TTL else ttl, bool(deleted), raw[_HEADER.size :])


def key(uid: bytes, identifier: str) -> bytes:
    """The LMDB key of a record; very long identifiers are hashed."""
    raw = identifier.encode()
    if len(raw) > _LONGEST_PLAIN:
        return uid + b"h" + hashlib.sha256(raw).digest()
    return uid + b"i" + raw


def plain_identifier(uid: bytes, raw: bytes) -> str | None:
    """The identifier in a key, or None when it was hashed."""
    return raw[len(uid) + 1 :].decode() if raw[len(uid) : len(uid) + 1] == b"i" else None
