"""A merchant's aggregates at one time, by one pass over the columns: nothing to keep up to date."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from typing import TYPE_CHECKING

from feature_groups.merchant import FRAUD_RATE_WINDOWS
from processing.windows.horizon import WINDOW_MS

if TYPE_CHECKING:
    from processing.windows.merchant import MerchantState

MISSING = float("nan")
_DAY_MS = 86_400_000.0
_RATE_WINDOWS = tuple(WINDOW_MS.index(window.milliseconds) for window in FRAUD_RATE_WINDOWS)


def scan(state: MerchantState, t_ms: int) -> list[float]:
    """The 11 aggregates of `state` at `t_ms`."""
    times, customers = state.times, state.customers
    end = tail = bisect_left(times, t_ms)
    seen: set[int] = set()
    counts: list[int] = []
    unique: list[int] = []
    for length in WINDOW_MS:  # each window lies inside the next: add only what is new
        head = bisect_left(times, t_ms - length, 0, tail)
        if head < end:
            seen.update(customers[head:end])
            end = head
        counts.append(tail - head)
        unique.append(len(seen))
    return merchant_values(t_ms, counts, unique, state.frauds, state.first_fraud)


def merchant_values(
    t_ms: int,
    counts: Sequence[int],
    unique: Sequence[int],
    frauds: array[int],
    first_fraud: int | None,
) -> list[float]:
    """The 11 values from a merchant's integers at `t_ms`."""
    values = [float(count) for count in counts]
    values += map(float, unique)
    known = bisect_left(frauds, t_ms) if frauds else 0
    for window in _RATE_WINDOWS:
        if not counts[window]:
            values.append(MISSING)
        elif not known:
            values.append(0.0)
        else:
            recent = known - bisect_left(frauds, t_ms - WINDOW_MS[window], 0, known)
            values.append(recent / counts[window])
    if first_fraud is None or first_fraud >= t_ms:
        values.append(MISSING)
    else:
        values.append((t_ms - first_fraud) / _DAY_MS)
    return values
