"""A merchant's packed history: what one more transaction makes of it, and its aggregates at a time.

8-byte words: the header below and a count of tiles per window; columns time, customer; tiles,
window by window; the sketch of customers; when frauds became known, ascending.
"""

from __future__ import annotations

from processing.windows.compiled import Buffer, Values, Words, compiled, copy, empty, int64s, zeros
from processing.windows.kernel.coarse import first_row, kept_entries, kept_rows, recall, row_of, sketch
from processing.windows.kernel.distinct import REGISTERS, admit, estimate, note, place, slots
from processing.windows.kernel.ring import (
    LENGTHS,
    NEVER,
    PREFIX,
    RETENTION,
    WINDOWS,
    ascending,
    exact_from,
    head,
    horizon,
    insert,
    limit,
    lower,
    tile_from,
)
from processing.windows.packing import StateError

# The header's words after the first: length of the ring, of the sketch, of the frauds; when the
# first fraud became known.
COUNT, CUSTOMERS, FRAUDS, FIRST_FRAUD, TILES = 1, 2, 3, 4, 5
SKETCHES = slice(CUSTOMERS, CUSTOMERS + 1)
COLUMNS = 2
WIDTH = 2  # a tile: its start, transactions
DAY_MS = 86_400_000.0
MISSING = float("nan")


@compiled
def checked(settings: Words, state: Buffer) -> Words:
    """The words of a state whose sizes agree with its header."""
    windows = settings[WINDOWS]
    size = len(state)
    if size < 8 * (TILES + windows):
        raise StateError("a merchant's state ends within its header: read the whole value")
    words = int64s(state, 0, size // 8)
    if words[0] != settings[PREFIX]:
        raise StateError("not a merchant's state of this version and these windows")
    for i in range(COUNT, FRAUDS + 1):
        if words[i] < 0 or words[i] > size:
            raise StateError("a merchant's state has an impossible length in its header")
    expected = TILES + windows + COLUMNS * words[COUNT] + words[CUSTOMERS] + words[FRAUDS]
    for i in range(TILES, TILES + windows):
        if words[i] < 0 or words[i] > size:
            raise StateError("a merchant's state has an impossible length in its header")
        expected += WIDTH * words[i]
    if size != 8 * expected:
        raise StateError("a merchant's state has another length than its header tells")
    return words


@compiled
def check(settings: Words, state: Buffer) -> None:
    """Refuse what is not a state, or one whose times are not in order, which nothing else looks at."""
    words = checked(settings, state)
    if not ascending(words, TILES + settings[WINDOWS], words[COUNT]):
        raise StateError("a merchant's state is not in the order of time")


@compiled
def update(settings: Words, state: Buffer, t_ms: int, customer: int) -> Buffer:
    """The state with one more transaction."""
    words = checked(settings, state)
    windows, count = settings[WINDOWS], words[COUNT]
    times = TILES + windows
    customers = times + count
    rows = times + COLUMNS * count
    earliest = horizon(settings, words, times, count, t_ms)
    boundary = limit(settings, words, times, count, t_ms, earliest)
    drop = lower(words, times, times + count, boundary) - times
    keep = t_ms >= boundary
    leaving = drop if keep else drop + 1  # the new one comes last
    length = count + 1 - leaving
    result = empty(len(state) + 8 * (COLUMNS + leaving * (windows * WIDTH + 1)))
    new = int64s(result, 0, len(result) // 8)

    at = lower(words, times, times + count, t_ms + 1) - times
    while at > 0 and words[times + at - 1] == t_ms and words[customers + at - 1] > customer:
        at -= 1
    insert(new, times, words, times, drop, at, count, keep, t_ms)
    insert(new, times + length, words, customers, drop, at, count, keep, customer)
    copy(new, 0, words, 0, TILES)
    new[COUNT] = length

    # What leaves the ring.
    end = times + COLUMNS * length
    for window in range(windows):
        tile = settings[LENGTHS + windows + window]
        oldest = earliest - settings[LENGTHS + window]
        begin = end
        end = kept_rows(new, begin, words, rows, words[TILES + window], WIDTH, oldest)
        rows += WIDTH * words[TILES + window]
        for i in range(leaving):
            time = words[times + i] if i < drop else t_ms
            start = time // tile * tile
            if start >= oldest:
                row, end = row_of(new, begin, end, WIDTH, start)
                new[row + 1] += 1
        new[TILES + window] = (end - begin) // WIDTH
    oldest = earliest - settings[RETENTION]
    begin = end
    end = kept_entries(new, begin, words, rows, words[CUSTOMERS], oldest)
    for i in range(leaving):
        time = words[times + i] if i < drop else t_ms
        if time >= oldest:
            end = sketch(new, begin, end, place(words[customers + i] if i < drop else customer), time)
    new[CUSTOMERS] = end - begin

    frauds = rows + words[CUSTOMERS]
    known = frauds + words[FRAUDS]
    first = lower(words, frauds, known, oldest)
    copy(new, end, words, first, known - first)
    new[FRAUDS] = known - first
    return result[: 8 * (end + known - first)]


@compiled
def query(settings: Words, state: Buffer, t_ms: int, out: Values) -> None:
    """Write into `out` transactions, customers and fraud rates per window, then the first fraud's age."""
    words = checked(settings, state)
    windows, count = settings[WINDOWS], words[COUNT]
    times = TILES + windows
    customers = times + count
    rows = times + COLUMNS * count
    entries = rows
    for window in range(windows):
        entries += WIDTH * words[TILES + window]
    frauds = entries + words[CUSTOMERS]
    known = lower(words, frauds, frauds + words[FRAUDS], t_ms)
    tail = lower(words, times, times + count, t_ms)
    exact = exact_from(settings, words, times, tail)
    overflown = exact > times or entries > rows

    longest = settings[LENGTHS + windows - 1]
    first = head(words, times, exact, tail, t_ms - longest, settings[LENGTHS + 2 * windows - 1])
    table = zeros(slots(tail - first))
    registers = zeros(REGISTERS if overflown else 0)
    distinct = 0
    end = tail
    for window in range(windows):
        start = t_ms - settings[LENGTHS + window]
        tile = settings[LENGTHS + windows + window]
        first = head(words, times, exact, tail, start, tile)
        for i in range(end - times - 1, first - times - 1, -1):  # what this window adds to the one before
            if admit(table, words[customers + i]) == 1:
                distinct += 1
                if overflown:  # a customer seen before leaves registers as they are
                    note(registers, place(words[customers + i]))
        end = first
        tiled = words[TILES + window]
        row = first_row(words, rows, tiled, WIDTH, start)
        n = tail - first
        for r in range(rows + row * WIDTH, rows + tiled * WIDTH, WIDTH):
            n += words[r + 1]
        rows += tiled * WIDTH
        unique = distinct
        if first < exact or row < tiled:
            recall(registers, words, entries, words[CUSTOMERS], tile_from(start, tile))
            unique = estimate(registers)
        recent = known - lower(words, frauds, known, start)
        out[window] = float(n)
        out[windows + window] = float(unique)
        out[2 * windows + window] = recent / n if n else MISSING
    age = t_ms - words[FIRST_FRAUD]
    out[3 * windows] = age / DAY_MS if words[FIRST_FRAUD] != NEVER and age > 0 else MISSING
