"""A user's aggregates at ascending times: each transaction enters and leaves each window once.

A window is two positions in the columns, ``[head, tail)``, with integer totals of what lies
between. Positions count from the first transaction ever, so that pruning does not move them.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING

from processing.windows.distinct import Distinct
from processing.windows.horizon import WINDOW_MS
from processing.windows.user_scan import user_values

if TYPE_CHECKING:
    from processing.windows.user import UserState

_WINDOWS = range(len(WINDOW_MS))
_DECLINED = 2
# Four counters in one integer: one addition moves them all.
_BITS = 32
_MASK = (1 << _BITS) - 1
_STATUS_KNOWN, _STATUS_DECLINED = 1, 1 << _BITS
_DEVICE_KNOWN, _DEVICE_CHANGED = 1 << 2 * _BITS, 1 << 3 * _BITS


class UserSliding:
    """The moving windows of one `UserState`; `now` is the time they stand at."""

    __slots__ = (
        "_before",
        "_changes",
        "_countries",
        "_group",
        "_heads",
        "_largest",
        "_latest",
        "_marks",
        "_merchants",
        "_offset",
        "_state",
        "_tail",
        "_totals",
        "now",
    )

    def __init__(self, state: UserState) -> None:
        self._state = state
        self.now = -(1 << 62)
        self._offset = 0  # position of the first element of the columns
        self._tail = 0
        self._heads = [0] * len(WINDOW_MS)
        self._totals = [0] * len(WINDOW_MS)
        self._marks = [0] * len(WINDOW_MS)
        self._merchants = Distinct()
        self._countries = Distinct()
        self._largest: list[int] = []  # positions whose amount no later one reaches, oldest first
        self._changes = array("B")  # per admitted position: the device changed
        self._before = self._latest = state.earlier_device
        self._group = -(1 << 62)  # the time that `_before` is strictly before

    def already_passed(self, at: int) -> bool:
        """Whether an insertion at column index `at` lies among what the windows have taken in."""
        return at + self._offset < self._tail

    def drop(self, count: int) -> bool:
        """Account for `count` columns' elements being deleted; False if a window still holds one."""
        if min(self._heads) < self._offset + count:
            return False
        self._offset += count
        del self._changes[:count]
        del self._largest[: bisect_left(self._largest, self._offset)]
        return True

    def query(self, t_ms: int) -> list[float]:
        """The 32 aggregates at `t_ms`, which must not be before `now`."""
        self.now = t_ms
        times, offset = self._state.times, self._offset
        while self._tail - offset < len(times) and times[self._tail - offset] < t_ms:
            self._admit()
        tail, heads = self._tail, self._heads
        amounts, largest = self._state.amounts, self._largest
        values: list[float] = []
        for window in _WINDOWS:
            oldest = t_ms - WINDOW_MS[window]
            while heads[window] < tail and times[heads[window] - offset] < oldest:
                self._release(window)
            head = heads[window]
            if head == tail:
                values += user_values(0, 0, 0, 0, 0, None, None)
                continue
            marks = self._marks[window]
            values += user_values(
                tail - head,
                self._totals[window],
                amounts[largest[bisect_left(largest, head)] - offset],
                self._merchants.counts[window],
                self._countries.counts[window],
                (marks >> _BITS) & _MASK if marks & _MASK else None,
                marks >> 3 * _BITS if (marks >> 2 * _BITS) & _MASK else None,
            )
        return values

    def _admit(self) -> None:
        """Take the next transaction into every window."""
        state, position = self._state, self._tail
        at = position - self._offset
        self._changes.append(self._device_changed(at))
        amount = state.amounts[at]
        marks = self._marks_of(at)
        for window in _WINDOWS:
            self._totals[window] += amount
            self._marks[window] += marks
        largest = self._largest
        while largest and state.amounts[largest[-1] - self._offset] <= amount:
            largest.pop()
        largest.append(position)
        self._merchants.admit(position, state.merchants[at], self._heads)
        if state.countries[at]:
            self._countries.admit(position, state.countries[at], self._heads)
        self._tail = position + 1

    def _release(self, window: int) -> None:
        """Let the oldest transaction of one window go."""
        state, position = self._state, self._heads[window]
        at = position - self._offset
        self._totals[window] -= state.amounts[at]
        self._marks[window] -= self._marks_of(at)
        self._merchants.release(window, position, state.merchants[at])
        if state.countries[at]:
            self._countries.release(window, position, state.countries[at])
        self._heads[window] = position + 1

    def _marks_of(self, at: int) -> int:
        state, marks = self._state, 0
        status = state.statuses[at]
        if status:
            marks = _STATUS_KNOWN + (_STATUS_DECLINED if status == _DECLINED else 0)
        if state.devices[at]:
            marks += _DEVICE_KNOWN + (_DEVICE_CHANGED if self._changes[at] else 0)
        return marks

    def _device_changed(self, at: int) -> bool:
        """The rule of `user_scan.device_changes`, one transaction at a time."""
        state = self._state
        if state.times[at] != self._group:
            self._before, self._group = self._latest, state.times[at]
        device = state.devices[at]
        if not device:
            return False
        self._latest = device
        return bool(self._before) and device != self._before
