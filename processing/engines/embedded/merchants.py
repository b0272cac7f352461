"""Merchants: every aggregate of every window as of each transaction; see `users`."""

from __future__ import annotations

from typing import Any, NamedTuple

from processing.engines.embedded import fields as f
from processing.engines.embedded.blocks import reserve
from processing.engines.embedded.fields import Array
from processing.engines.embedded.index import clear, outdated
from processing.engines.embedded.layout import Arena, capacity
from processing.engines.embedded.lean import lean
from processing.engines.embedded.merchant_index import admit_large, release_large, unlike
from processing.windows.kernel.ring import CAP, LATENESS, LENGTHS, RETENTION, WINDOWS, lower, tile_from

KINDS = 1  # of distinct values: customers
_MISSING = float("nan")
_DAY_MS = 86_400_000.0


class MerchantRows(NamedTuple):
    """A batch of transactions; int64 arrays of one element per row.

    Attributes:
        following: int32, the next row of the same merchant, -1 for none.
    """

    times: Any
    customers: Any
    following: Any


class Frauds(NamedTuple):
    """When frauds became known.

    Attributes:
        known: int64, ascending per merchant.
        start, stop: per merchant, where in `known` its frauds are.
        first: per merchant, when the first one became known, `NEVER` for none.
    """

    known: Any
    start: Any
    stop: Any
    first: Any


@lean
def run_merchants(
    memory: Arena,
    settings: Array,
    large: int,
    touched: Array,
    start: int,
    first_rows: Array,
    counts: Array,
    rows: MerchantRows,
    frauds: Frauds,
    columns: Array,
    out: Any,
) -> int:
    """Answer and then apply the rows of the merchants ``touched[start:]``; as `users.run_users`."""
    entities, totals, numbers = memory.entities, memory.totals, memory.numbers
    times, customers, marks = memory.times, memory.values, memory.marks
    row_times, row_customers, following = rows.times, rows.customers, rows.following
    known, fraud_start, fraud_stop, first_fraud = frauds.known, frauds.start, frauds.stop, frauds.first
    retention, windows = settings[LATENESS] + settings[RETENTION], settings[WINDOWS]
    for n in range(start, touched.size):
        merchant = touched[n]
        if entities[merchant, f.FIRST] + entities[merchant, f.LENGTH] + counts[merchant] > entities[
            merchant, f.END
        ] and not reserve(memory, merchant, counts[merchant], retention, large, KINDS):
            return n
        row = first_rows[merchant]
        while row >= 0:
            t_ms = row_times[row]
            if t_ms < entities[merchant, f.NOW] or (
                entities[merchant, f.INDEX] >= 0 and outdated(numbers, entities, merchant, KINDS)
            ):
                _restart(entities, totals, numbers, merchant, windows)
            _admit(entities, totals, numbers, times, customers, marks, merchant, windows, t_ms)
            _release(entities, totals, numbers, times, customers, marks, settings, merchant, t_ms)
            _answer(entities, totals, numbers, times, settings, merchant, columns, out, row)
            _answer_frauds(
                entities,
                totals,
                known,
                fraud_start[merchant],
                fraud_stop[merchant],
                first_fraud[merchant],
                settings,
                merchant,
                columns,
                out,
                row,
                t_ms,
            )
            entities[merchant, f.NOW] = t_ms
            at = _place(entities, times, customers, marks, merchant, retention, t_ms)
            if at >= 0:
                times[at] = t_ms
                customers[at] = row_customers[row]
                marks[at] = 0
            row = following[row]
    return touched.size  # type: ignore[no-any-return]


@lean
def _restart(entities: Array, totals: Array, numbers: Array, merchant: int, windows: int) -> None:
    """Empty the windows, so that they take in the whole ring again."""
    for window in range(windows):
        totals[merchant, window, f.HEAD] = 0
        totals[merchant, window, f.DISTINCT] = 0
    entities[merchant, f.TAIL] = 0
    entities[merchant, f.SHIFT] = 1
    if entities[merchant, f.INDEX] >= 0:
        room = capacity(entities[merchant, f.SIZE])
        clear(numbers, entities[merchant, f.INDEX], room, KINDS, windows)


@lean
def _admit(
    entities: Array,
    totals: Array,
    numbers: Array,
    times: Array,
    customers: Array,
    marks: Array,
    merchant: int,
    windows: int,
    t_ms: int,
) -> None:
    """Take every transaction before a time into every window."""
    first, tail, length = (
        entities[merchant, f.FIRST],
        entities[merchant, f.TAIL],
        entities[merchant, f.LENGTH],
    )
    while tail < length and times[first + tail] < t_ms:
        cell = first + tail
        marks[cell] = 0
        if entities[merchant, f.INDEX] >= 0:
            before = admit_large(entities, numbers, customers, merchant, windows, tail)
        else:
            oldest = first + totals[merchant, windows - 1, f.HEAD]
            at, customer = cell - 1, customers[cell]
            while at >= oldest and customers[at] != customer:
                at -= 1
            before = at - first if at >= oldest else -1
        if before >= 0:
            marks[first + before] = f.REPEATED
        for window in range(windows):
            if before < totals[merchant, window, f.HEAD]:
                totals[merchant, window, f.DISTINCT] += 1
        tail += 1
    entities[merchant, f.TAIL] = tail


@lean
def _release(
    entities: Array,
    totals: Array,
    numbers: Array,
    times: Array,
    customers: Array,
    marks: Array,
    settings: Array,
    merchant: int,
    t_ms: int,
) -> None:
    """Let every window go forward to a time."""
    first, tail, windows = entities[merchant, f.FIRST], entities[merchant, f.TAIL], settings[WINDOWS]
    exact = f.NEVER
    if tail > settings[CAP]:
        exact = times[first + tail - settings[CAP]]
    for window in range(windows):
        oldest = t_ms - settings[LENGTHS + window]
        if exact > oldest:
            oldest = min(exact, tile_from(oldest, settings[LENGTHS + windows + window]))
        head = totals[merchant, window, f.HEAD]
        while head < tail and times[first + head] < oldest:
            if marks[first + head] & f.REPEATED == 0:
                totals[merchant, window, f.DISTINCT] -= 1
            if entities[merchant, f.INDEX] >= 0:
                release_large(entities, numbers, customers, merchant, windows, window, head)
            head += 1
        totals[merchant, window, f.HEAD] = head


@lean
def _answer(
    entities: Array,
    totals: Array,
    numbers: Array,
    times: Array,
    settings: Array,
    merchant: int,
    columns: Array,
    out: Any,
    row: int,
) -> None:
    """Write transactions and customers of every window, which are those of `kernel.merchant.query`."""
    windows, tail, first = settings[WINDOWS], entities[merchant, f.TAIL], entities[merchant, f.FIRST]
    exact = f.NEVER
    if tail > settings[CAP]:
        exact = times[first + tail - settings[CAP]]
    for window in range(windows):
        head, customers = totals[merchant, window, f.HEAD], totals[merchant, window, f.DISTINCT]
        if head < tail and times[first + head] < exact:
            customers = unlike(entities, numbers, merchant, windows, window)
        if columns[window] >= 0:
            out[row, columns[window]] = float(tail - head)
        if columns[windows + window] >= 0:
            out[row, columns[windows + window]] = float(customers)


@lean
def _answer_frauds(
    entities: Array,
    totals: Array,
    known: Array,
    start: int,
    stop: int,
    first_fraud: int,
    settings: Array,
    merchant: int,
    columns: Array,
    out: Any,
    row: int,
    t_ms: int,
) -> None:
    """Write the fraud rates and the age of the first fraud, as `kernel.merchant.query` does."""
    windows, tail = settings[WINDOWS], entities[merchant, f.TAIL]
    past = start
    if stop > start:
        past = lower(known, start, stop, t_ms)
    for window in range(windows):
        at = columns[2 * windows + window]
        if at >= 0:
            count, recent = tail - totals[merchant, window, f.HEAD], 0
            if past > start:
                recent = past - lower(known, start, past, t_ms - settings[LENGTHS + window])
            out[row, at] = recent / count if count > 0 else _MISSING
    if columns[3 * windows] >= 0:
        age = _MISSING
        if first_fraud != f.NEVER and first_fraud < t_ms:
            age = (t_ms - first_fraud) / _DAY_MS
        out[row, columns[3 * windows]] = age


@lean
def _place(
    entities: Array,
    times: Array,
    customers: Array,
    marks: Array,
    merchant: int,
    retention: int,
    time: int,
) -> int:
    """Make room for a transaction in the ring's order of time; its cell, or -1 for too old."""
    first, length = entities[merchant, f.FIRST], entities[merchant, f.LENGTH]
    if length > 0 and time < times[first + length - 1] - retention:
        return -1
    at = first + length
    while at > first and times[at - 1] > time:
        times[at] = times[at - 1]
        customers[at] = customers[at - 1]
        marks[at] = marks[at - 1]
        at -= 1
    entities[merchant, f.LENGTH] = length + 1
    if at - first < entities[merchant, f.TAIL]:
        entities[merchant, f.NOW] = f.FAR  # the windows have passed this place
    return at  # type: ignore[no-any-return]
