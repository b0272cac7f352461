"""The packed layout of a state: a header, then one column after another, all little-endian.

    byte 0      layout version
    byte 1      kind: ``U`` user, ``M`` merchant
    bytes 2-7   zero
    then        int64 fields of the kind, then its columns, each of the length a field gives

Columns rather than rows: a column is copied with one call into an array and back.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Sequence
from typing import Any

VERSION = 1
_PREFIX = struct.Struct("<Bc6x")
_SWAP = sys.byteorder == "big"


class StateError(ValueError):
    """Bytes that are not a state of the expected kind, or of a version this code cannot read."""


def pack(kind: bytes, fields: Sequence[int], columns: Sequence[array[Any]]) -> bytes:
    """One state as bytes."""
    parts = [_PREFIX.pack(VERSION, kind), struct.pack(f"<{len(fields)}q", *fields)]
    parts += [_little_endian(column).tobytes() for column in columns]
    return b"".join(parts)


class Reader:
    """Reads what `pack` wrote, in the same order.

    Raises:
        StateError: another kind or version, or fewer or more bytes than the header announces.
    """

    def __init__(self, data: bytes, kind: bytes) -> None:
        if len(data) < _PREFIX.size:
            raise StateError(f"state of {len(data)} bytes: expected at least {_PREFIX.size}")
        version, found = _PREFIX.unpack_from(data)
        if version != VERSION:
            raise StateError(f"state version {version}: this code reads version {VERSION}")
        if found != kind:
            raise StateError(f"state kind {found!r}: expected {kind!r}")
        self._data = memoryview(data)
        self._at = _PREFIX.size

    def fields(self, count: int) -> tuple[int, ...]:
        values: tuple[int, ...] = struct.unpack(f"<{count}q", self._take(8 * count))
        return values

    def column(self, typecode: str, length: int) -> array[Any]:
        column: array[Any] = array(typecode)
        if length < 0:
            raise StateError(f"state column of length {length}: expected 0 or more")
        column.frombytes(self._take(column.itemsize * length))
        return _little_endian(column)

    def finish(self) -> None:
        if self._at != len(self._data):
            raise StateError(f"state has {len(self._data) - self._at} bytes after its last column")

    def _take(self, size: int) -> memoryview:
        start, self._at = self._at, self._at + size
        if self._at > len(self._data):
            raise StateError(f"state ends at byte {len(self._data)}: expected {self._at} or more")
        return self._data[start : self._at]


def _little_endian(column: array[Any]) -> array[Any]:
    if not _SWAP:
        return column
    swapped = column[:]
    swapped.byteswap()
    return swapped
