"""The ring: an entity's newest events in a total order, oldest first, as columns of equal length.

Settings, one integer array for all kernel functions of an entity: the state's first word, the cap
of exact events, the lateness, the retention, the memory of what outlives the windows, the number of
windows, their lengths, their tiles (times in ms).
"""

from __future__ import annotations

from processing.windows.compiled import Words, compiled, copy

PREFIX, CAP, LATENESS, RETENTION, MEMORY, WINDOWS, LENGTHS = 0, 1, 2, 3, 4, 5, 6
NEVER = -(1 << 62)


@compiled
def lower(words: Words, low: int, high: int, value: int) -> int:
    """The first position of ascending ``words[low:high]`` that holds `value` or more."""
    while low < high:
        middle = (low + high) >> 1
        if words[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def horizon(settings: Words, words: Words, times: int, count: int, t_ms: int) -> int:
    """The oldest time that will be asked about once an event at `t_ms` has been added."""
    newest = t_ms
    if count and words[times + count - 1] > t_ms:
        newest = words[times + count - 1]
    return newest - settings[LATENESS]


@compiled
def limit(settings: Words, words: Words, times: int, count: int, t_ms: int, earliest: int) -> int:
    """Events before this time leave the ring, with the new one at `t_ms` counted in.

    They are older than the retention, or than the cap's newest events before `earliest`, the
    horizon; as the horizon only advances, what has left would never come back.
    """
    oldest = earliest - settings[RETENTION]
    before = lower(words, times, times + count, earliest) - times
    if t_ms < earliest:
        before += 1
    rank = before - settings[CAP]
    if rank >= 0:  # the event of this rank once the new one is in its place
        place = lower(words, times, times + count, t_ms) - times
        exact = t_ms
        if rank < place:
            exact = words[times + rank]
        elif rank > place:
            exact = words[times + rank - 1]
        if exact > oldest:
            return exact
    return oldest


@compiled
def exact_from(settings: Words, words: Words, times: int, tail: int) -> int:
    """Position of the first event that counts at its own time, of those in ``words[times:tail]``."""
    newest_coarse = tail - settings[CAP]
    if newest_coarse <= times:
        return times
    return lower(words, times, tail, words[newest_coarse])


@compiled
def head(words: Words, times: int, exact: int, tail: int, start: int, tile: int) -> int:
    """Position of the first event that counts in a window from `start`; coarse ones by their tile."""
    first = lower(words, exact, tail, start)
    if first > exact:
        return first
    return lower(words, times, exact, tile_from(start, tile))


@compiled
def tile_from(start: int, tile: int) -> int:
    """The first tile that does not begin before `start`."""
    return -(-start // tile) * tile


@compiled
def insert(
    to: Words, begin: int, words: Words, start: int, drop: int, at: int, count: int, keep: bool, value: int
) -> None:
    """Write a column without its first `drop` elements and, if it is kept, with `value` before `at`."""
    if keep:
        copy(to, begin, words, start + drop, at - drop)
        to[begin + at - drop] = value
        copy(to, begin + at - drop + 1, words, start + at, count - at)
    else:
        copy(to, begin, words, start + drop, count - drop)


@compiled
def ascending(words: Words, times: int, count: int) -> bool:
    """Whether no time of a column is before the one above it."""
    disordered = 0
    for position in range(times + 1, times + count):
        if words[position] < words[position - 1]:
            disordered += 1
    return disordered == 0
