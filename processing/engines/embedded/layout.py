"""How the engine's memory is laid out: a row of numbers per entity, and pools that hold the rings.

A ring is a block of consecutive cells, one cell per transaction, oldest first. Blocks have sizes of
four steps per power of two; those that are given back wait in one list per size.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from processing.engines.embedded import fields as f
from processing.engines.embedded.lean import lean


class Arena(NamedTuple):
    """The memory of all users or of all merchants. See `fields` for the names of columns.

    Attributes:
        entities: int64, per entity, `BEGIN` and so on.
        totals: int64, per entity and window, `HEAD` and so on.
        times, values, amounts, devices: int64, per cell; the value is the identity of the merchant of a
            user's transaction, or of the customer of a merchant's. Merchants have no amounts and devices.
        marks: int32, per cell: status, what the windows have found out, country.
        numbers: int32, the indexes of large entities, see `index`.
        free: int64, see `fields.CLASSES`.
    """

    entities: Any
    totals: Any
    times: Any
    values: Any
    amounts: Any
    devices: Any
    marks: Any
    numbers: Any
    free: Any


def arena(windows: int, totals: int) -> Arena:
    """An empty arena; it grows by `more_entities` and `more_room`."""
    free = np.full(2 * f.CLASSES + 2, -1, np.int64)
    free[f.NEXT_CELL :] = 0
    return Arena(
        entities=np.empty((0, f.FIELDS), np.int64),
        totals=np.empty((0, windows, totals), np.int64),
        times=np.empty(0, np.int64),
        values=np.empty(0, np.int64),
        amounts=np.empty(0, np.int64),
        devices=np.empty(0, np.int64),
        marks=np.empty(0, np.int32),
        numbers=np.empty(0, np.int32),
        free=free,
    )


def more_entities(memory: Arena, count: int) -> None:
    """Make room for `count` entities in total; new ones have no history."""
    have = len(memory.entities)
    if count <= have:
        return
    total = max(count, have + have // 4, 16)
    _grow(memory.entities, total)
    _grow(memory.totals, total)
    new = memory.entities[have:]
    new[:, [f.BEGIN, f.SIZE, f.INDEX]] = -1
    new[:, [f.EARLIER_TIME, f.EARLIER_DEVICE_TIME]] = f.NEVER
    new[:, f.NOW] = f.FAR


def more_room(memory: Arena, cells: int, numbers: int) -> None:
    """Make room for that many cells and numbers beyond those in use."""
    wanted = int(memory.free[f.NEXT_CELL]) + cells
    if wanted > len(memory.times):
        total = wanted + wanted // 4
        for pool in (memory.times, memory.values, memory.marks):
            _grow(pool, total)
        if memory.totals.shape[2] == f.USER_TOTALS:
            _grow(memory.amounts, total)
            _grow(memory.devices, total)
    wanted = int(memory.free[f.NEXT_NUMBER]) + numbers
    if wanted > len(memory.numbers):
        _grow(memory.numbers, wanted + wanted // 4)


def _grow(array: Any, rows: int) -> None:
    # In place: the system moves the pages of a large array instead of copying them.
    array.resize((rows, *array.shape[1:]), refcheck=False)


@lean
def capacity(size: int) -> int:
    """Transactions that a block of a size class holds: 4, 5, 6, 7, 8, 10, 12, 14, 16, 20 ..."""
    return (4 + (size & 3)) << (size >> 2)


@lean
def size_for(count: int) -> int:
    """The smallest size class that holds `count`."""
    size = 0
    while capacity(size) < count:
        size += 1
    return size
