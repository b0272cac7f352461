"""What users with many transactions note in their index; see `index`."""

from __future__ import annotations

from processing.engines.embedded import fields as f
from processing.engines.embedded.fields import Array
from processing.engines.embedded.index import enqueue, exchange, following, largest, note, parts, registered
from processing.engines.embedded.layout import capacity
from processing.engines.embedded.lean import lean
from processing.windows.compiled import splitmix64
from processing.windows.kernel.distinct import REGISTERS, place

_KINDS = 2  # merchants, countries


@lean
def admit_large(
    entities: Array,
    numbers: Array,
    merchants: Array,
    amounts: Array,
    marks: Array,
    user: int,
    windows: int,
    position: int,
) -> tuple[int, int]:
    """Note a transaction; where its merchant and its country were before, -1 for nowhere."""
    index, shift = entities[user, f.INDEX], entities[user, f.SHIFT]
    first, room = entities[user, f.FIRST], capacity(entities[user, f.SIZE])
    registers, lasts, links, queue, table = parts(index, room, _KINDS, windows)
    ring, hashes = room - 1, 2 * _KINDS * room - 1
    enqueue(numbers, index, queue, ring, amounts, first, shift, position)
    merchant, country = merchants[first + position], int(marks[first + position]) >> f.COUNTRY
    merchant_before = exchange(
        numbers, index, table, hashes, merchants, first, 0, shift, position, 0, merchant
    )
    note(numbers, registers, lasts, links, ring, shift, windows, position, merchant)
    if country == 0:
        return merchant_before, -1
    country_before = exchange(
        numbers, index, table, hashes, marks, first, f.COUNTRY, shift, position, 1, country
    )
    registers, lasts, links = registers + windows * REGISTERS, lasts + REGISTERS, links + room
    note(numbers, registers, lasts, links, ring, shift, windows, position, splitmix64(country))
    return merchant_before, country_before


@lean
def release_large(
    entities: Array,
    numbers: Array,
    merchants: Array,
    marks: Array,
    user: int,
    windows: int,
    window: int,
    position: int,
) -> None:
    """Let a transaction's merchant and country leave one window's registers."""
    index, shift = entities[user, f.INDEX], entities[user, f.SHIFT]
    first, room = entities[user, f.FIRST], capacity(entities[user, f.SIZE])
    registers, _, links, _, _ = parts(index, room, _KINDS, windows)
    at = registers + window * REGISTERS
    where = place(merchants[first + position])
    if numbers[at + (where >> 6)] == where & 63:
        best, later = 0, following(numbers, links, room - 1, shift, position)
        while later >= 0:
            best = max(best, place(merchants[first + later]) & 63)
            later = following(numbers, links, room - 1, shift, later)
        numbers[at + (where >> 6)] = best
    country = int(marks[first + position]) >> f.COUNTRY
    if country == 0:
        return
    at, links = at + windows * REGISTERS, links + room
    where = place(splitmix64(country))
    if numbers[at + (where >> 6)] == where & 63:
        best, later = 0, following(numbers, links, room - 1, shift, position)
        while later >= 0:
            best = max(best, place(splitmix64(int(marks[first + later]) >> f.COUNTRY)) & 63)
            later = following(numbers, links, room - 1, shift, later)
        numbers[at + (where >> 6)] = best


@lean
def largest_amount(
    entities: Array, numbers: Array, amounts: Array, user: int, windows: int, window: int, head: int
) -> int:
    """The largest amount of a window that begins at position `head` and is not empty."""
    index, shift = entities[user, f.INDEX], entities[user, f.SHIFT]
    room = capacity(entities[user, f.SIZE])
    queue = parts(index, room, _KINDS, windows)[3]
    position = largest(numbers, index, queue, room - 1, shift, head, window == windows - 1)
    return amounts[entities[user, f.FIRST] + position]  # type: ignore[no-any-return]


@lean
def unlike(entities: Array, numbers: Array, user: int, windows: int, window: int) -> tuple[int, int]:
    """Estimates of the different merchants and countries of a window."""
    room = capacity(entities[user, f.SIZE])
    registers = parts(entities[user, f.INDEX], room, _KINDS, windows)[0] + window * REGISTERS
    return registered(numbers, registers), registered(numbers, registers + windows * REGISTERS)
