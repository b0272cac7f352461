"""Many packed states in one buffer, each beginning at a multiple of 8 bytes."""

from __future__ import annotations

from collections.abc import Sequence

from processing.windows.compiled import Buffer, compiled, copy, empty

_PADDING = (b"", b"\0", b"\0\0", b"\0\0\0", b"\0\0\0\0", b"\0\0\0\0\0", b"\0\0\0\0\0\0", b"\0\0\0\0\0\0\0")


def join(states: Sequence[bytes]) -> tuple[bytes, list[int], list[int]]:
    """All states as one, where each begins and where it ends."""
    parts: list[bytes] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    for state in states:
        size = len(state)
        starts.append(at)
        ends.append(at + size)
        parts += (state, _PADDING[-size % 8])
        at += size + -size % 8
    return b"".join(parts), starts, ends


@compiled
def append(to: Buffer, at: int, state: Buffer) -> Buffer:
    """`to` with a state written at byte `at`: the same buffer, or a larger copy of it."""
    need = at + len(state) + 8
    if need > len(to):
        larger = empty(2 * need)
        copy(larger, 0, to, 0, at)
        to = larger
    copy(to, at, state, 0, len(state))
    return to


@compiled
def after(at: int, state: Buffer) -> int:
    """Where the next state begins after one at byte `at`."""
    end = at + len(state)
    return end + -end % 8
