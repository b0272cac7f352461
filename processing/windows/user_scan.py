"""A user's aggregates at one time, by one pass over the columns: nothing to keep up to date."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING

from processing.windows.horizon import WINDOW_MS

if TYPE_CHECKING:
    from processing.windows.user import UserState

MISSING = float("nan")
_UNKNOWN, _DECLINED = 0, 2


def scan(state: UserState, t_ms: int) -> list[float]:
    """The 32 aggregates of `state` at `t_ms`."""
    times, amounts = state.times, state.amounts
    end = tail = bisect_left(times, t_ms)
    changes = device_changes(times[:tail], state.devices, state.earlier_device)
    total = largest = declined = known_status = known_device = changed = 0
    merchants: set[int] = set()
    countries: set[int] = set()
    values: list[float] = []
    for length in WINDOW_MS:  # each window lies inside the next: add only what is new
        head = bisect_left(times, t_ms - length, 0, tail)
        if head < end:
            seen = amounts[head:end]
            total += sum(seen)
            largest = max(largest, max(seen))
            merchants.update(state.merchants[head:end])
            countries.update(state.countries[head:end])
            statuses = state.statuses[head:end]
            declined += statuses.count(_DECLINED)
            known_status += len(statuses) - statuses.count(_UNKNOWN)
            known_device += len(seen) - state.devices[head:end].count(0)
            changed += changes.count(1, head, end)
            end = head
        count = tail - head
        known_countries = len(countries) - (0 in countries)
        values += user_values(
            count,
            total,
            largest,
            len(merchants),
            known_countries,
            declined if known_status else None,
            changed if known_device else None,
        )
    return values


def user_values(
    count: int,
    total: int,
    largest: int,
    merchants: int,
    countries: int,
    declined: int | None,
    changes: int | None,
) -> tuple[float, ...]:
    """One window's eight values from its integers; None and no known country are missing."""
    if not count:
        return (0.0, 0.0, MISSING, MISSING, 0.0, 0.0, 0.0, 0.0)
    money = total / 100.0
    return (
        float(count),
        money,
        money / count,
        largest / 100.0,
        float(merchants),
        float(countries) if countries else MISSING,
        MISSING if declined is None else float(declined),
        MISSING if changes is None else float(changes),
    )


def device_changes(times: array[int], devices: array[int], earlier_device: int) -> bytearray:
    """1 for each transaction whose known device is not the last one known strictly before it.

    Among equal times the largest identity counts as the last one: columns are ordered that way.
    """
    changes = bytearray(len(times))
    latest = before = earlier_device
    time = None
    for at, now in enumerate(times):
        if now != time:
            before, time = latest, now
        device = devices[at]
        if device:
            if before and device != before:
                changes[at] = 1
            latest = device
    return changes
