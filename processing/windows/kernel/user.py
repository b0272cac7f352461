"""What one more transaction makes of a user's packed history, and its aggregates at a time."""

from __future__ import annotations

from processing.windows.compiled import (
    Buffer,
    Values,
    Words,
    compiled,
    copy,
    empty,
    int32s,
    int64s,
    splitmix64,
    zeros,
)
from processing.windows.kernel.coarse import first_row, kept_entries, kept_rows, recall, row_of, sketch
from processing.windows.kernel.distinct import REGISTERS, admit, estimate, note, place, slots
from processing.windows.kernel.ring import (
    LENGTHS,
    MEMORY,
    RETENTION,
    WINDOWS,
    exact_from,
    head,
    horizon,
    insert,
    limit,
    lower,
    tile_from,
)
from processing.windows.kernel.user_events import (
    DECLINED,
    changes,
    count_in,
    device_before,
    left_behind,
    position,
)
from processing.windows.kernel.user_layout import (
    COLUMNS,
    COUNT,
    COUNTRIES,
    LAST_DEVICE,
    LAST_DEVICE_TIME,
    LAST_TIME,
    MERCHANTS,
    SKETCHES,
    TILES,
    WIDTH,
    check,
    checked,
)

__all__ = [
    "COLUMNS",
    "COUNT",
    "COUNTRIES",
    "LAST_DEVICE",
    "LAST_DEVICE_TIME",
    "LAST_TIME",
    "MERCHANTS",
    "SKETCHES",
    "TILES",
    "WIDTH",
    "check",
    "checked",
    "query",
    "update",
]

VALUES = 8  # per window: the user's primitives, in their order
MISSING = float("nan")


@compiled
def update(
    settings: Words, state: Buffer, t_ms: int, amount: int, merchant: int, device: int, mark: int
) -> Buffer:
    """The state with one more transaction."""
    words = checked(settings, state)
    windows, count = settings[WINDOWS], words[COUNT]
    times = TILES + windows
    amounts, merchants, devices = times + count, times + 2 * count, times + 3 * count
    rows = times + COLUMNS * count
    marks = int32s(state, len(state) - 4 * count, count)
    earliest = horizon(settings, words, times, count, t_ms)
    boundary = limit(settings, words, times, count, t_ms, earliest)
    drop = lower(words, times, times + count, boundary) - times
    keep = t_ms >= boundary
    leaving = drop if keep else drop + 1  # the new one comes last
    length = count + 1 - leaving
    result = empty(len(state) + 8 * (COLUMNS + 1 + leaving * (windows * WIDTH + 2)))
    new = int64s(result, 0, len(result) // 8)

    copy(new, 0, words, 0, TILES)
    new[COUNT] = length
    at = position(words, marks, times, count, t_ms, amount, merchant, device, mark)
    insert(new, times, words, times, drop, at, count, keep, t_ms)
    insert(new, times + length, words, amounts, drop, at, count, keep, amount)
    insert(new, times + 2 * length, words, merchants, drop, at, count, keep, merchant)
    insert(new, times + 3 * length, words, devices, drop, at, count, keep, device)
    end = times + COLUMNS * length

    # What leaves the columns goes into tiles ...
    flags = zeros(leaving)
    changes(words, times, devices, drop, settings[MEMORY], flags)
    if not keep:
        before = device_before(words, times, devices, drop, settings[MEMORY], t_ms)
        flags[drop] = 1 if device != 0 and before != 0 and before != device else 0
    for window in range(windows):
        tile = settings[LENGTHS + windows + window]
        oldest = earliest - settings[LENGTHS + window]
        begin = end
        end = kept_rows(new, begin, words, rows, words[TILES + window], WIDTH, oldest)
        rows += WIDTH * words[TILES + window]
        for i in range(leaving):
            start = (words[times + i] if i < drop else t_ms) // tile * tile
            if start >= oldest:
                row, end = row_of(new, begin, end, WIDTH, start)
                if i < drop:
                    count_in(new, row, words[amounts + i], marks[i], words[devices + i], flags[i])
                else:
                    count_in(new, row, amount, mark, device, flags[i])
        new[TILES + window] = (end - begin) // WIDTH

    # ... and sketches.
    oldest = earliest - settings[RETENTION]
    begin = end
    end = kept_entries(new, begin, words, rows, words[MERCHANTS], oldest)
    for i in range(leaving):
        time = words[times + i] if i < drop else t_ms
        if time >= oldest:
            end = sketch(new, begin, end, place(words[merchants + i] if i < drop else merchant), time)
    new[MERCHANTS] = end - begin
    begin = end
    end = kept_entries(new, begin, words, rows + words[MERCHANTS], words[COUNTRIES], oldest)
    for i in range(leaving):
        time = words[times + i] if i < drop else t_ms
        country = (marks[i] if i < drop else mark) >> 2
        if time >= oldest and country != 0:
            end = sketch(new, begin, end, place(splitmix64(country)), time)
    new[COUNTRIES] = end - begin

    for i in range(drop):
        left_behind(new, words[times + i], words[devices + i])
    if not keep:
        left_behind(new, t_ms, device)
    insert(int32s(result, 8 * end, length), 0, marks, 0, drop, at, count, keep, mark)
    return result[: 8 * end + 4 * length]


@compiled
def query(settings: Words, state: Buffer, t_ms: int, out: Values) -> None:
    """Write the aggregates at a time, window by window, into `out`."""
    words = checked(settings, state)
    windows, count = settings[WINDOWS], words[COUNT]
    times = TILES + windows
    amounts, merchants, devices = times + count, times + 2 * count, times + 3 * count
    rows = times + COLUMNS * count
    sketches = rows
    for window in range(windows):
        sketches += WIDTH * words[TILES + window]
    marks = int32s(state, len(state) - 4 * count, count)
    tail = lower(words, times, times + count, t_ms)
    exact = exact_from(settings, words, times, tail)
    overflown = exact > times or sketches > rows
    flags = zeros(tail - times)
    changes(words, times, devices, tail - times, settings[MEMORY], flags)

    longest = settings[LENGTHS + windows - 1]
    first = head(words, times, exact, tail, t_ms - longest, settings[LENGTHS + 2 * windows - 1])
    size = slots(tail - first)
    merchant_table, country_table = zeros(size), zeros(size)
    merchant_registers = zeros(REGISTERS if overflown else 0)
    country_registers = zeros(REGISTERS if overflown else 0)
    number = total = largest = declined = known_status = known_device = changed = 0
    distinct = countries = 0
    end = tail
    for window in range(windows):
        start = t_ms - settings[LENGTHS + window]
        tile = settings[LENGTHS + windows + window]
        first = head(words, times, exact, tail, start, tile)
        for i in range(end - times - 1, first - times - 1, -1):  # what it adds to the window before
            number += 1
            total += words[amounts + i]
            largest = max(largest, words[amounts + i])
            status, country = marks[i] & 3, marks[i] >> 2
            if status != 0:
                known_status += 1
                if status == DECLINED:
                    declined += 1
            if words[devices + i] != 0:
                known_device += 1
                changed += flags[i]
            # A value that was seen before leaves registers as they are.
            if admit(merchant_table, words[merchants + i]) == 1:
                distinct += 1
                if overflown:
                    note(merchant_registers, place(words[merchants + i]))
            if country != 0 and admit(country_table, country) == 1:
                countries += 1
                if overflown:
                    note(country_registers, place(splitmix64(country)))
        end = first

        # Tiles, which no other window shares.
        tiled = words[TILES + window]
        row = first_row(words, rows, tiled, WIDTH, start)
        coarse = first < exact or row < tiled
        n, money, most, refused = number, total, largest, declined
        with_status, with_device, moved = known_status, known_device, changed
        for r in range(rows + row * WIDTH, rows + tiled * WIDTH, WIDTH):
            n += words[r + 1]
            money += words[r + 2]
            most = max(most, words[r + 3])
            refused += words[r + 4]
            with_status += words[r + 5]
            with_device += words[r + 6]
            moved += words[r + 7]
        rows += tiled * WIDTH
        merchants_seen, countries_seen = distinct, countries
        if coarse:
            seen = tile_from(start, tile)
            recall(merchant_registers, words, sketches, words[MERCHANTS], seen)
            recall(country_registers, words, sketches + words[MERCHANTS], words[COUNTRIES], seen)
            merchants_seen, countries_seen = estimate(merchant_registers), estimate(country_registers)

        at = window * VALUES
        out[at] = float(n)
        out[at + 1] = money / 100.0
        out[at + 2] = money / 100.0 / n if n else MISSING
        out[at + 3] = most / 100.0 if n else MISSING
        out[at + 4] = float(merchants_seen)
        out[at + 5] = float(countries_seen) if countries_seen or not n else MISSING
        out[at + 6] = float(refused) if with_status or not n else MISSING
        out[at + 7] = float(moved) if with_device or not n else MISSING
