"""The first word of a packed state, and which states this code reads.

    byte 0      layout version
    byte 1      kind: ``U`` user, ``M`` merchant
    byte 2      number of windows
    byte 3      zero
    bytes 4-7   CRC-32 of the cap and of the windows' lengths and tiles

docs/feature-semantics.md tells what follows. Everything is little-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any
from zlib import crc32

VERSION = 2
_PREFIX = struct.Struct("<BcBxI")


Packed = Any  # bytes, or what the kernel makes of them


class StateError(ValueError):
    """Bytes that are not a state of the expected kind, or of a version this code cannot read."""


def words_of(state: Packed) -> memoryview:
    """The 8-byte words of a packed state, to be read."""
    return memoryview(state)[: len(state) & -8].cast("q")


def windows_in(words: memoryview) -> int:
    """How many windows a state was made for."""
    return words[0] >> 16 & 0xFF


def prefix(kind: bytes, cap: int, lengths: Sequence[int], tiles: Sequence[int]) -> bytes:
    """The first 8 bytes of every state that is made under these declarations."""
    declared = struct.pack(f"<{1 + 2 * len(lengths)}q", cap, *lengths, *tiles)
    return _PREFIX.pack(VERSION, kind, len(lengths), crc32(declared))


def adopt(state: bytes, empty: bytes, header: int, coarse: slice) -> bytes:
    """A state made under another cap or other windows as one made under those of `empty`.

    Only what lies in tiles and sketches depends on them, and only entities beyond the cap have any.

    Args:
        empty: a state without history, under the present declarations.
        header: words before the counts of tiles.
        coarse: which of these words are lengths of sketches.

    Raises:
        StateError: the bytes are no such state, or hold tiles of other windows.
    """
    if len(state) < _PREFIX.size:
        raise StateError(f"state of {len(state)} bytes: expected at least {_PREFIX.size}")
    version, kind, windows, _ = _PREFIX.unpack_from(state)
    wanted = _PREFIX.unpack_from(empty)[1]
    if version != VERSION:
        raise StateError(
            f"state version {version}: this code reads version {VERSION}; delete it, and the history "
            "begins anew"
        )
    if kind != wanted:
        raise StateError(f"state kind {kind!r}: expected {wanted!r}")
    start = 8 * (header + windows)
    if len(state) < start:
        raise StateError(f"state of {len(state)} bytes: its header alone has {start}")
    words = struct.unpack_from(f"<{header + windows}q", state)
    if any(words[header:]) or any(words[coarse]):
        raise StateError(
            "state with tiles of other windows or another cap (feature_groups/windows.py): "
            "delete it, and the history begins anew"
        )
    return empty[:8] + state[8 : 8 * header] + empty[8 * header :] + state[start:]
