"""What merchants with many transactions note in their index; see `index`."""

from __future__ import annotations

from processing.engines.embedded import fields as f
from processing.engines.embedded.fields import Array
from processing.engines.embedded.index import exchange, following, note, parts, registered
from processing.engines.embedded.layout import capacity
from processing.engines.embedded.lean import lean
from processing.windows.kernel.distinct import REGISTERS, place

_KINDS = 1  # customers


@lean
def admit_large(
    entities: Array, numbers: Array, customers: Array, merchant: int, windows: int, position: int
) -> int:
    """Note a transaction; where its customer was before, -1 for nowhere."""
    index, shift = entities[merchant, f.INDEX], entities[merchant, f.SHIFT]
    first, room = entities[merchant, f.FIRST], capacity(entities[merchant, f.SIZE])
    registers, lasts, links, _, table = parts(index, room, _KINDS, windows)
    customer = customers[first + position]
    note(numbers, registers, lasts, links, room - 1, shift, windows, position, customer)
    mask = 2 * _KINDS * room - 1
    return exchange(numbers, index, table, mask, customers, first, 0, shift, position, 0, customer)


@lean
def release_large(
    entities: Array,
    numbers: Array,
    customers: Array,
    merchant: int,
    windows: int,
    window: int,
    position: int,
) -> None:
    """Let a transaction's customer leave one window's registers."""
    index, shift = entities[merchant, f.INDEX], entities[merchant, f.SHIFT]
    first, room = entities[merchant, f.FIRST], capacity(entities[merchant, f.SIZE])
    registers, _, links, _, _ = parts(index, room, _KINDS, windows)
    where = place(customers[first + position])
    at = registers + window * REGISTERS + (where >> 6)
    if numbers[at] == where & 63:
        best, later = 0, following(numbers, links, room - 1, shift, position)
        while later >= 0:
            best = max(best, place(customers[first + later]) & 63)
            later = following(numbers, links, room - 1, shift, later)
        numbers[at] = best


@lean
def unlike(entities: Array, numbers: Array, merchant: int, windows: int, window: int) -> int:
    """The estimate of the different customers of a window."""
    room = capacity(entities[merchant, f.SIZE])
    registers = parts(entities[merchant, f.INDEX], room, _KINDS, windows)[0] + window * REGISTERS
    return registered(numbers, registers)
