"""A user's transactions among each other: their order, changes of device, and counting one in a tile."""

from __future__ import annotations

from processing.windows.compiled import Words, compiled
from processing.windows.kernel.ring import NEVER, lower
from processing.windows.kernel.user_layout import LAST_DEVICE, LAST_DEVICE_TIME, LAST_TIME

DECLINED = 2


@compiled
def position(
    words: Words,
    marks: Words,
    times: int,
    count: int,
    t_ms: int,
    amount: int,
    merchant: int,
    device: int,
    mark: int,
) -> int:
    """Where in the ring's order a transaction belongs."""
    at = lower(words, times, times + count, t_ms + 1) - times
    while at > 0 and words[times + at - 1] == t_ms:
        i = at - 1
        if words[times + 3 * count + i] != device:
            if words[times + 3 * count + i] < device:
                break
        elif words[times + count + i] != amount:
            if words[times + count + i] < amount:
                break
        elif words[times + 2 * count + i] != merchant:
            if words[times + 2 * count + i] < merchant:
                break
        elif marks[i] <= mark:
            break
        at -= 1
    return at


@compiled
def changes(words: Words, times: int, devices: int, count: int, memory: int, flags: Words) -> None:
    """Set the flag of each transaction whose known device is not the last one known strictly before it.

    Among equal times the largest identity counts as the last one: the ring is ordered that way. What
    was known longer ago than `memory` is forgotten; within the ring nothing is that old.
    """
    before, latest = 0, words[LAST_DEVICE]
    latest_ms, moment = words[LAST_DEVICE_TIME], NEVER
    for i in range(count):
        if words[times + i] != moment:
            moment = words[times + i]
            before = latest if moment - latest_ms <= memory else 0
        device = words[devices + i]
        if device != 0:
            if before != 0 and device != before:
                flags[i] = 1
            latest, latest_ms = device, moment


@compiled
def device_before(words: Words, times: int, devices: int, count: int, memory: int, t_ms: int) -> int:
    """The last known device strictly before a time, as far as the state can tell; 0 for unknown."""
    for i in range(count - 1, -1, -1):
        if words[times + i] < t_ms and words[devices + i] != 0:
            return words[devices + i]
    return words[LAST_DEVICE] if 0 < t_ms - words[LAST_DEVICE_TIME] <= memory else 0


@compiled
def count_in(new: Words, row: int, amount: int, mark: int, device: int, changed: int) -> None:
    """Count a transaction in its tile."""
    new[row + 1] += 1
    new[row + 2] += amount
    new[row + 3] = max(new[row + 3], amount)
    status = mark & 3
    if status != 0:
        new[row + 5] += 1
        if status == DECLINED:
            new[row + 4] += 1
    if device != 0:
        new[row + 6] += 1
        new[row + 7] += changed


@compiled
def left_behind(new: Words, t_ms: int, device: int) -> None:
    """Remember when the newest transaction that left the ring was, and the newest known device."""
    new[LAST_TIME] = max(new[LAST_TIME], t_ms)
    if device != 0:
        known = new[LAST_DEVICE_TIME]
        if t_ms > known or (t_ms == known and device > new[LAST_DEVICE]):
            new[LAST_DEVICE_TIME] = t_ms
            new[LAST_DEVICE] = device
