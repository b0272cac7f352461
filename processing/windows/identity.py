"""Identifiers as 64-bit numbers: fixed width in a packed state, and no plain identifier in it."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b


@lru_cache(maxsize=1 << 18)
def identity(text: str) -> int:
    """A stable signed 64-bit number for an identifier, never 0, which is left for "unknown".

    Two identifiers of one history (thousands at most) meet with a probability below 1e-12.
    """
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little", signed=True) or 1


def country_code(country: str | None) -> int:
    """An ISO 3166 alpha-2 code as a number below 2**16, 0 when unknown."""
    return ord(country[0]) << 8 | ord(country[1]) if country else 0
