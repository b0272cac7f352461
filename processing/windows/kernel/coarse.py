"""What is left of events beyond the cap: counters per tile, and sketches of different values.

Rows of a window's tiles are ascending by start. Entries of a sketch are one word each,
``time << 14 | register << 6 | rank``, ascending by register and rank; one that another of its register
outdoes in rank and is not older than is left out, so that times descend within a register.
"""

from __future__ import annotations

from processing.windows.compiled import Words, compiled, copy
from processing.windows.kernel.distinct import note

_BITS = 14
_PLACE = (1 << _BITS) - 1


@compiled
def kept_rows(to: Words, begin: int, words: Words, rows: int, count: int, width: int, oldest: int) -> int:
    """Write the tiles that do not begin before `oldest`; returns their end."""
    first = 0
    while first < count and words[rows + first * width] < oldest:
        first += 1
    length = (count - first) * width
    copy(to, begin, words, rows + first * width, length)
    return begin + length


@compiled
def row_of(to: Words, begin: int, end: int, width: int, start: int) -> tuple[int, int]:
    """Position of a tile's row in ``to[begin:end]``, a new row of zeros if need be, and the rows' end."""
    at = end
    while at > begin and to[at - width] >= start:
        at -= width
    if at < end and to[at] == start:
        return at, end
    for i in range(end - 1, at - 1, -1):
        to[i + width] = to[i]
    to[at] = start
    for i in range(at + 1, at + width):
        to[i] = 0
    return at, end + width


@compiled
def first_row(words: Words, rows: int, count: int, width: int, start: int) -> int:
    """Index of the first tile that counts in a window from `start`."""
    first = count
    while first > 0 and words[rows + (first - 1) * width] >= start:
        first -= 1
    return first


@compiled
def kept_entries(to: Words, begin: int, words: Words, entries: int, count: int, oldest: int) -> int:
    """Write the entries of a sketch that are not older than `oldest`; returns their end."""
    end = begin
    for i in range(entries, entries + count):
        if words[i] >> _BITS >= oldest:
            to[end] = words[i]
            end += 1
    return end


@compiled
def sketch(to: Words, begin: int, end: int, place: int, t_ms: int) -> int:
    """Add the place of a value seen at `t_ms` to the sketch ``to[begin:end]``; returns its new end."""
    register = place >> 6
    low, high = begin, end
    while low < high:  # the first entry of the register
        middle = (low + high) >> 1
        if (to[middle] & _PLACE) >> 6 < register:
            low = middle + 1
        else:
            high = middle
    first = low
    while first < end and to[first] & _PLACE < place and to[first] >> _BITS > t_ms:
        first += 1
    last = first
    while (
        last < end
        and (to[last] & _PLACE) >> 6 == register
        and to[last] & _PLACE <= place
        and to[last] >> _BITS <= t_ms
    ):
        last += 1
    if last < end and (to[last] & _PLACE) >> 6 == register and to[last] >> _BITS >= t_ms:
        return end  # outdone
    if last == first:
        for i in range(end - 1, first - 1, -1):
            to[i + 1] = to[i]
    else:
        for i in range(last, end):
            to[first + 1 + i - last] = to[i]
    to[first] = t_ms << _BITS | place
    return end + 1 - (last - first)


@compiled
def recall(registers: Words, words: Words, entries: int, count: int, start: int) -> None:
    """Let registers know what a sketch saw from `start` on."""
    for i in range(entries, entries + count):
        if words[i] >> _BITS >= start:
            note(registers, words[i] & _PLACE)
