"""Users: every aggregate of every window as of each transaction, in steps of O(1).

A window is the ring from `HEAD` to `TAIL`. A transaction is taken in when the first later one asks,
so that equal times never see each other, and let go by each window when its time has passed.

Functions take the arrays of the arena one by one: numba counts references of what is inside a tuple.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from processing.engines.embedded import fields as f
from processing.engines.embedded.blocks import reserve
from processing.engines.embedded.fields import Array
from processing.engines.embedded.index import clear, outdated
from processing.engines.embedded.layout import Arena, capacity
from processing.engines.embedded.lean import lean
from processing.engines.embedded.user_index import admit_large, largest_amount, release_large, unlike
from processing.windows.kernel.ring import CAP, LATENESS, LENGTHS, MEMORY, RETENTION, WINDOWS, tile_from

KINDS = 2  # of distinct values: merchants, then countries
_REFUSED = 2
_MISSING = float("nan")


class UserRows(NamedTuple):
    """A batch of transactions, and who comes next; arrays of one element per row.

    Attributes:
        times, amounts, merchants, devices: int64 as in `EventColumns`, identities instead of codes.
        marks: int32, ``country << 8 | status``.
        following: the next row of the same user, -1 for none.
    """

    times: Any
    amounts: Any
    merchants: Any
    devices: Any
    marks: Any
    following: Any


@lean
def run_users(
    memory: Arena,
    settings: Array,
    large: int,
    touched: Array,
    start: int,
    first_rows: Array,
    counts: Array,
    rows: UserRows,
    columns: Array,
    out: Any,
    last_times: Array,
) -> int:
    """Answer and then apply the rows of the users ``touched[start:]``.

    Args:
        first_rows, counts: per user its first row, and how many it has.
        columns: where in a row of `out` each of the kernel's values goes, -1 for nowhere.
        out: float64, written, a row per transaction.
        last_times: written, when the user's last transaction before each one was, `NEVER` for none.

    Returns:
        How many of `touched` are done; fewer than there are when the pools need room.
    """
    entities, totals, numbers = memory.entities, memory.totals, memory.numbers
    times, merchants, amounts = memory.times, memory.values, memory.amounts
    devices, marks = memory.devices, memory.marks
    row_times, row_amounts, row_merchants = rows.times, rows.amounts, rows.merchants
    row_devices, row_marks, following = rows.devices, rows.marks, rows.following
    retention, windows = settings[LATENESS] + settings[RETENTION], settings[WINDOWS]
    for n in range(start, touched.size):
        user = touched[n]
        if entities[user, f.FIRST] + entities[user, f.LENGTH] + counts[user] > entities[
            user, f.END
        ] and not reserve(memory, user, counts[user], retention, large, KINDS):
            return n
        row = first_rows[user]
        while row >= 0:
            t_ms = row_times[row]
            if t_ms < entities[user, f.NOW] or (
                entities[user, f.INDEX] >= 0 and outdated(numbers, entities, user, KINDS)
            ):
                _restart(entities, totals, numbers, user, windows)
            _admit(entities, totals, numbers, times, merchants, amounts, devices, marks, settings, user, t_ms)
            _release(
                entities, totals, numbers, times, merchants, amounts, devices, marks, settings, user, t_ms
            )
            _answer(entities, totals, numbers, times, settings, user, columns, out, row)
            entities[user, f.NOW] = t_ms
            tail = entities[user, f.TAIL]
            last = entities[user, f.EARLIER_TIME]
            if tail > 0:
                last = times[entities[user, f.FIRST] + tail - 1]
            last_times[row] = last if 0 < t_ms - last <= settings[MEMORY] else f.NEVER
            at = _place(
                entities, times, amounts, merchants, devices, marks, user, retention, t_ms, row_devices[row]
            )
            if at >= 0:
                times[at] = t_ms
                merchants[at] = row_merchants[row]
                amounts[at] = row_amounts[row]
                devices[at] = row_devices[row]
                marks[at] = row_marks[row]
            row = following[row]
    return touched.size  # type: ignore[no-any-return]


@lean
def _restart(entities: Array, totals: Array, numbers: Array, user: int, windows: int) -> None:
    """Empty the windows, so that they take in the whole ring again."""
    for window in range(windows):
        for total in range(f.USER_TOTALS):
            totals[user, window, total] = 0
        totals[user, window, f.MAX] = f.NEVER
    entities[user, f.TAIL] = 0
    entities[user, f.BEFORE] = entities[user, f.EARLIER_DEVICE]
    entities[user, f.LATEST] = entities[user, f.EARLIER_DEVICE]
    entities[user, f.LATEST_TIME] = entities[user, f.EARLIER_DEVICE_TIME]
    entities[user, f.GROUP] = f.NEVER
    entities[user, f.SHIFT] = 1
    if entities[user, f.INDEX] >= 0:
        clear(numbers, entities[user, f.INDEX], capacity(entities[user, f.SIZE]), KINDS, windows)


@lean
def _admit(
    entities: Array,
    totals: Array,
    numbers: Array,
    times: Array,
    merchants: Array,
    amounts: Array,
    devices: Array,
    marks: Array,
    settings: Array,
    user: int,
    t_ms: int,
) -> None:
    """Take every transaction before a time into every window."""
    windows, memory = settings[WINDOWS], settings[MEMORY]
    first, tail, length = entities[user, f.FIRST], entities[user, f.TAIL], entities[user, f.LENGTH]
    while tail < length and times[first + tail] < t_ms:
        cell = first + tail
        amount, device = amounts[cell], devices[cell]
        status, country = marks[cell] & f.STATUS, marks[cell] >> f.COUNTRY
        changed = 0
        if times[cell] != entities[user, f.GROUP]:
            known = times[cell] - entities[user, f.LATEST_TIME] <= memory
            entities[user, f.BEFORE] = entities[user, f.LATEST] if known else 0
            entities[user, f.GROUP] = times[cell]
        if device != 0:
            before = entities[user, f.BEFORE]
            if before != 0 and before != device:
                changed = 1
            entities[user, f.LATEST] = device
            entities[user, f.LATEST_TIME] = times[cell]
        marks[cell] = country << f.COUNTRY | changed * f.CHANGED | status
        merchant_before, country_before = -1, -1
        if entities[user, f.INDEX] >= 0:
            merchant_before, country_before = admit_large(
                entities, numbers, merchants, amounts, marks, user, windows, tail
            )
        else:
            oldest = first + totals[user, windows - 1, f.HEAD]
            at, merchant = cell - 1, merchants[cell]
            while at >= oldest and merchants[at] != merchant:
                at -= 1
            merchant_before = at - first if at >= oldest else -1
            if country != 0:
                at = cell - 1
                while at >= oldest and marks[at] >> f.COUNTRY != country:
                    at -= 1
                country_before = at - first if at >= oldest else -1
        if merchant_before >= 0:
            marks[first + merchant_before] |= f.REPEATED
        if country_before >= 0:
            marks[first + country_before] |= f.COUNTRY_REPEATED
        for window in range(windows):
            head = totals[user, window, f.HEAD]
            totals[user, window, f.SUM] += amount
            if amount > totals[user, window, f.MAX]:
                totals[user, window, f.MAX] = amount
            if merchant_before < head:
                totals[user, window, f.DISTINCT] += 1
            if country != 0 and country_before < head:
                totals[user, window, f.COUNTRIES] += 1
            if status != 0:
                totals[user, window, f.STATUSES] += 1
                if status == _REFUSED:
                    totals[user, window, f.DECLINED] += 1
            if device != 0:
                totals[user, window, f.DEVICES] += 1
                totals[user, window, f.CHANGES] += changed
        tail += 1
    entities[user, f.TAIL] = tail


@lean
def _release(
    entities: Array,
    totals: Array,
    numbers: Array,
    times: Array,
    merchants: Array,
    amounts: Array,
    devices: Array,
    marks: Array,
    settings: Array,
    user: int,
    t_ms: int,
) -> None:
    """Let every window go forward to a time."""
    first, tail, windows = entities[user, f.FIRST], entities[user, f.TAIL], settings[WINDOWS]
    exact = f.NEVER
    if tail > settings[CAP]:
        exact = times[first + tail - settings[CAP]]
    for window in range(windows):
        oldest = t_ms - settings[LENGTHS + window]
        if exact > oldest:
            oldest = min(exact, tile_from(oldest, settings[LENGTHS + windows + window]))
        head = totals[user, window, f.HEAD]
        if head == tail or times[first + head] >= oldest:
            continue
        stale = False
        while head < tail and times[first + head] < oldest:
            cell = first + head
            mark, amount = marks[cell], amounts[cell]
            totals[user, window, f.SUM] -= amount
            stale |= amount == totals[user, window, f.MAX]
            if mark & f.REPEATED == 0:
                totals[user, window, f.DISTINCT] -= 1
            if mark >> f.COUNTRY != 0 and mark & f.COUNTRY_REPEATED == 0:
                totals[user, window, f.COUNTRIES] -= 1
            if mark & f.STATUS != 0:
                totals[user, window, f.STATUSES] -= 1
                if mark & f.STATUS == _REFUSED:
                    totals[user, window, f.DECLINED] -= 1
            if devices[cell] != 0:
                totals[user, window, f.DEVICES] -= 1
                if mark & f.CHANGED != 0:
                    totals[user, window, f.CHANGES] -= 1
            if entities[user, f.INDEX] >= 0:
                release_large(entities, numbers, merchants, marks, user, windows, window, head)
            head += 1
        totals[user, window, f.HEAD] = head
        if stale:
            most = f.NEVER
            if entities[user, f.INDEX] < 0:
                for cell in range(first + head, first + tail):
                    most = max(most, amounts[cell])
            elif head < tail:
                most = largest_amount(entities, numbers, amounts, user, windows, window, head)
            totals[user, window, f.MAX] = most


@lean
def _answer(
    entities: Array,
    totals: Array,
    numbers: Array,
    times: Array,
    settings: Array,
    user: int,
    columns: Array,
    out: Any,
    row: int,
) -> None:
    """Write the aggregates of every window, which are those of `kernel.user.query`."""
    windows, tail, first = settings[WINDOWS], entities[user, f.TAIL], entities[user, f.FIRST]
    exact = f.NEVER
    if tail > settings[CAP]:
        exact = times[first + tail - settings[CAP]]
    for window in range(windows):
        at, head = 8 * window, totals[user, window, f.HEAD]
        count = tail - head
        if count == 0:
            for i in range(8):
                _put(out, row, columns, at + i, _MISSING if i == 2 or i == 3 else 0.0)
            continue
        merchants, countries = totals[user, window, f.DISTINCT], totals[user, window, f.COUNTRIES]
        if times[first + head] < exact:
            merchants, countries = unlike(entities, numbers, user, windows, window)
        money = totals[user, window, f.SUM] / 100.0
        declined, changes = _MISSING, _MISSING
        if totals[user, window, f.STATUSES] > 0:
            declined = float(totals[user, window, f.DECLINED])
        if totals[user, window, f.DEVICES] > 0:
            changes = float(totals[user, window, f.CHANGES])
        _put(out, row, columns, at, float(count))
        _put(out, row, columns, at + 1, money)
        _put(out, row, columns, at + 2, money / count)
        _put(out, row, columns, at + 3, totals[user, window, f.MAX] / 100.0)
        _put(out, row, columns, at + 4, float(merchants))
        _put(out, row, columns, at + 5, float(countries) if countries > 0 else _MISSING)
        _put(out, row, columns, at + 6, declined)
        _put(out, row, columns, at + 7, changes)


@lean
def _put(out: Any, row: int, columns: Array, at: int, value: float) -> None:
    if columns[at] >= 0:
        out[row, columns[at]] = value


@lean
def _place(
    entities: Array,
    times: Array,
    amounts: Array,
    merchants: Array,
    devices: Array,
    marks: Array,
    user: int,
    retention: int,
    time: int,
    device: int,
) -> int:
    """Make room for a transaction in the ring's order of time, then device; its cell, or -1 for too old."""
    first, length = entities[user, f.FIRST], entities[user, f.LENGTH]
    newest = entities[user, f.EARLIER_TIME]
    if length > 0:
        newest = times[first + length - 1]
    if time < newest - retention:  # no window reaches it, but it may know the last time and device
        entities[user, f.EARLIER_TIME] = max(time, entities[user, f.EARLIER_TIME])
        known = entities[user, f.EARLIER_DEVICE_TIME]
        later = time > known or (time == known and device > entities[user, f.EARLIER_DEVICE])
        if device != 0 and later:
            entities[user, f.EARLIER_DEVICE] = device
            entities[user, f.EARLIER_DEVICE_TIME] = time
            entities[user, f.NOW] = f.FAR
        return -1
    at = first + length
    while at > first and (times[at - 1] > time or (times[at - 1] == time and devices[at - 1] > device)):
        times[at] = times[at - 1]
        merchants[at] = merchants[at - 1]
        amounts[at] = amounts[at - 1]
        devices[at] = devices[at - 1]
        marks[at] = marks[at - 1]
        at -= 1
    entities[user, f.LENGTH] = length + 1
    if at - first < entities[user, f.TAIL]:
        entities[user, f.NOW] = f.FAR  # the windows have passed this place
    return at  # type: ignore[no-any-return]
