"""The index of a large entity: what a scan of its ring would find, without the scan.

int32 numbers, one part after another: how full the hash table is, front and back of the queue; per kind of
value and window 256 registers of the sketch; per kind the last transaction of each register; per kind and
transaction the way to the next one of its register; a queue of the amounts that nothing later reaches; a
hash table from value to its last occurrence.

Transactions are numbered from 1 on since the index was built: number = position in the ring + `SHIFT`.
"""

from __future__ import annotations

from processing.engines.embedded import fields as f
from processing.engines.embedded.fields import Array
from processing.engines.embedded.layout import capacity
from processing.engines.embedded.lean import lean
from processing.windows.kernel.distinct import REGISTERS, estimate, place

USED, FRONT, BACK, PARTS = 0, 1, 2, 4
_LAST_SHIFT = 1 << 28  # numbers stay far from the end of 32 bits


@lean
def parts(index: int, room: int, kinds: int, windows: int) -> tuple[int, int, int, int, int]:
    """Where registers, lasts, links, queue and hash table begin.

    Args:
        room: how many transactions the ring's block holds, a power of two.
    """
    registers = index + PARTS
    lasts = registers + kinds * windows * REGISTERS
    links = lasts + kinds * REGISTERS
    queue = links + kinds * room
    return registers, lasts, links, queue, queue + room


@lean
def index_size(room: int, kinds: int, windows: int) -> int:
    """Numbers in the index of a ring in a block of `room`."""
    return parts(0, room, kinds, windows)[4] + 2 * kinds * room


@lean
def outdated(numbers: Array, entities: Array, entity: int, kinds: int) -> bool:
    """Whether the index has to be built anew: too much of what it holds has left the ring."""
    room = capacity(entities[entity, f.SIZE])
    used = int(numbers[entities[entity, f.INDEX] + USED])
    return used * 2 > 3 * kinds * room or entities[entity, f.SHIFT] > _LAST_SHIFT


@lean
def clear(numbers: Array, index: int, room: int, kinds: int, windows: int) -> None:
    """An index of no transactions."""
    for i in range(index, index + index_size(room, kinds, windows)):
        numbers[i] = 0


@lean
def exchange(
    numbers: Array,
    index: int,
    table: int,
    mask: int,
    keys: Array,
    first: int,
    bits: int,
    shift: int,
    position: int,
    kind: int,
    value: int,
) -> int:
    """Note the occurrence of `value` at `position`; returns the one before, -1 for none.

    Args:
        keys: the values, above that many `bits`, of the transactions from cell `first` on.
    """
    entry = (position + shift) << 1 | kind
    slot = (value ^ (value >> 8)) & mask
    while numbers[table + slot] != 0:
        found = int(numbers[table + slot])
        before = (found >> 1) - shift
        if before >= 0 and found & 1 == kind and keys[first + before] >> bits == value:
            numbers[table + slot] = entry
            return before
        slot = (slot + 1) & mask
    numbers[table + slot] = entry
    numbers[index + USED] += 1
    return -1


@lean
def enqueue(
    numbers: Array, index: int, queue: int, mask: int, amounts: Array, first: int, shift: int, position: int
) -> None:
    """Let the queue know the amount at `position`, the newest, of those from cell `first` on."""
    front, back = int(numbers[index + FRONT]), int(numbers[index + BACK])
    while back != front:
        newest = int(numbers[queue + ((back - 1) & mask)]) - shift
        if newest >= 0 and amounts[first + newest] > amounts[first + position]:
            break
        back = (back - 1) & 0x3FFFFFFF
    numbers[queue + (back & mask)] = position + shift
    numbers[index + BACK] = (back + 1) & 0x3FFFFFFF


@lean
def largest(numbers: Array, index: int, queue: int, mask: int, shift: int, head: int, longest: bool) -> int:
    """Position of the largest amount from position `head` on; `longest` lets go what is before it."""
    front, back = int(numbers[index + FRONT]), int(numbers[index + BACK])
    if longest:
        while numbers[queue + (front & mask)] - shift < head:
            front = (front + 1) & 0x3FFFFFFF
        numbers[index + FRONT] = front
    low, high = 0, (back - front) & 0x3FFFFFFF
    while low < high:
        middle = (low + high) >> 1
        if numbers[queue + ((front + middle) & mask)] - shift < head:
            low = middle + 1
        else:
            high = middle
    return int(numbers[queue + ((front + low) & mask)]) - shift


@lean
def note(
    numbers: Array,
    registers: int,
    lasts: int,
    links: int,
    mask: int,
    shift: int,
    windows: int,
    position: int,
    key: int,
) -> None:
    """Let one kind's registers of every window know the hash `key` at `position`, the newest."""
    where = place(key)
    register, rank = where >> 6, where & 63
    number = position + shift
    last = int(numbers[lasts + register])
    if last - shift >= 0 and last > 0:
        numbers[links + (last & mask)] = number - last
    numbers[lasts + register] = number
    numbers[links + (number & mask)] = 0
    for window in range(windows):
        at = registers + window * REGISTERS + register
        if numbers[at] < rank:
            numbers[at] = rank


@lean
def following(numbers: Array, links: int, mask: int, shift: int, position: int) -> int:
    """Position of the next transaction of the same register, -1 for none."""
    number = position + shift
    step = int(numbers[links + (number & mask)])
    return position + step if step else -1


@lean
def registered(numbers: Array, registers: int) -> int:
    """The estimate of one window's registers."""
    return estimate(numbers[registers : registers + REGISTERS])
