"""Blocks of cells: taken from the pools, given back, and moved when they are full."""

from __future__ import annotations

from processing.engines.embedded import fields as f
from processing.engines.embedded.index import index_size
from processing.engines.embedded.layout import Arena, capacity, size_for
from processing.engines.embedded.lean import lean


@lean
def reserve(memory: Arena, entity: int, adding: int, retention: int, large: int, kinds: int) -> bool:
    """Room for `adding` more transactions of an entity; what no window will reach again is dropped.

    Args:
        large: blocks of more transactions have an index.
        kinds: kinds of values in an index.

    Returns:
        False if the pools have no room: make some and ask again.
    """
    entities, free = memory.entities, memory.free
    length, first = int(entities[entity, f.LENGTH]), int(entities[entity, f.FIRST])
    if length:
        expired, horizon = 0, memory.times[first + length - 1] - retention
        while memory.times[first + expired] < horizon:
            expired += 1
        if expired:
            _drop(memory, entity, expired)
            length, first = length - expired, first + expired
    size, begin = int(entities[entity, f.SIZE]), int(entities[entity, f.BEGIN])
    wanted = length + adding
    if size >= 0:
        room = capacity(size)
        if first + wanted <= begin + room:
            return True
        if wanted * 4 <= room * 3 and (wanted * 2 > room or room <= 8):
            _move(memory, entity, begin, length)
            return True
    bigger = size_for(wanted + (wanted >> 2))
    if capacity(bigger) > large:
        bigger = (bigger + 3) // 4 * 4  # an index is made for powers of two
    room = capacity(bigger)
    if free[bigger] < 0 and free[f.NEXT_CELL] + room > memory.times.size:
        return False
    numbers = index_size(room, kinds, memory.totals.shape[1]) if room > large else 0
    if numbers and free[f.CLASSES + bigger] < 0 and free[f.NEXT_NUMBER] + numbers > memory.numbers.size:
        return False
    index = int(entities[entity, f.INDEX])
    to = _take_cells(memory, bigger, room)
    _move(memory, entity, to, length)
    if size >= 0:
        _give_back(memory, size, begin, index)
    entities[entity, f.BEGIN] = to
    entities[entity, f.END] = to + room
    entities[entity, f.SIZE] = bigger
    entities[entity, f.INDEX] = _take_numbers(memory, bigger, numbers) if numbers else -1
    if numbers or index >= 0:
        entities[entity, f.NOW] = f.FAR
    return True


@lean
def release(memory: Arena, entity: int) -> None:
    """Forget all transactions of an entity but the time of the last one and the last device."""
    entities = memory.entities
    _drop(memory, entity, int(entities[entity, f.LENGTH]))
    size, begin = int(entities[entity, f.SIZE]), int(entities[entity, f.BEGIN])
    _give_back(memory, size, begin, int(entities[entity, f.INDEX]))
    entities[entity, f.BEGIN] = -1
    entities[entity, f.END] = 0
    entities[entity, f.FIRST] = 0
    entities[entity, f.SIZE] = -1
    entities[entity, f.INDEX] = -1
    entities[entity, f.NOW] = f.FAR


@lean
def release_idle(memory: Arena, start: int, stop: int, before: int) -> int:
    """Release those of the entities ``start ... stop - 1`` that have been idle since `before`; how many."""
    entities, times = memory.entities, memory.times
    released = 0
    for entity in range(start, stop):
        length = entities[entity, f.LENGTH]
        if length > 0 and times[entities[entity, f.FIRST] + length - 1] < before:
            release(memory, entity)
            released += 1
    return released


@lean
def _drop(memory: Arena, entity: int, count: int) -> None:
    """Let the oldest `count` transactions go."""
    entities = memory.entities
    first = int(entities[entity, f.FIRST])
    entities[entity, f.EARLIER_TIME] = memory.times[first + count - 1]
    if memory.devices.size:
        for cell in range(first + count - 1, first - 1, -1):
            if memory.devices[cell] != 0:
                entities[entity, f.EARLIER_DEVICE] = memory.devices[cell]
                entities[entity, f.EARLIER_DEVICE_TIME] = memory.times[cell]
                break
    entities[entity, f.FIRST] = first + count
    entities[entity, f.LENGTH] -= count
    entities[entity, f.TAIL] -= count
    entities[entity, f.SHIFT] += count
    for window in range(memory.totals.shape[1]):
        memory.totals[entity, window, f.HEAD] -= count
        if memory.totals[entity, window, f.HEAD] < 0:
            entities[entity, f.NOW] = f.FAR  # a window still held one of them


@lean
def _move(memory: Arena, entity: int, to: int, count: int) -> None:
    """Copy the transactions of an entity to the cells from `to` on, which do not lie behind them."""
    first = int(memory.entities[entity, f.FIRST])
    for i in range(count):
        memory.times[to + i] = memory.times[first + i]
        memory.values[to + i] = memory.values[first + i]
        memory.marks[to + i] = memory.marks[first + i]
    if memory.devices.size:
        for i in range(count):
            memory.amounts[to + i] = memory.amounts[first + i]
            memory.devices[to + i] = memory.devices[first + i]
    memory.entities[entity, f.FIRST] = to


@lean
def _take_cells(memory: Arena, size: int, room: int) -> int:
    free = memory.free
    begin = int(free[size])
    if begin < 0:
        begin = int(free[f.NEXT_CELL])
        free[f.NEXT_CELL] = begin + room
    else:
        free[size] = memory.times[begin]
    return begin


@lean
def _take_numbers(memory: Arena, size: int, count: int) -> int:
    free = memory.free
    begin = int(free[f.CLASSES + size])
    if begin < 0:
        begin = int(free[f.NEXT_NUMBER])
        free[f.NEXT_NUMBER] = begin + count
    else:
        free[f.CLASSES + size] = memory.numbers[begin]
    return begin


@lean
def _give_back(memory: Arena, size: int, begin: int, index: int) -> None:
    """Put a block and its index into the lists; the next of a list stands in the first cell."""
    free = memory.free
    memory.times[begin] = free[size]
    free[size] = begin
    if index >= 0:
        memory.numbers[index] = free[f.CLASSES + size]
        free[f.CLASSES + size] = index
