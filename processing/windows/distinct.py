"""Distinct values in several sliding windows over one sequence, O(1) per step."""

from __future__ import annotations

from processing.windows.horizon import WINDOW_MS


class Distinct:
    """Counts, per window, the positions that hold the *last* occurrence of their value.

    A window ``[head, tail)`` with the tail at the end of the sequence holds as many different
    values as last occurrences, so one map from value to last position serves every window.
    """

    __slots__ = ("_last", "counts")

    def __init__(self) -> None:
        self.counts = [0] * len(WINDOW_MS)
        self._last: dict[int, int] = {}

    def admit(self, position: int, value: int, heads: list[int]) -> int:
        """Append `value` at `position`; returns the position it was last seen at, or -1."""
        last = self._last
        previous = last.get(value, -1)
        last[value] = position
        counts = self.counts
        for window, head in enumerate(heads):
            if previous < head:
                counts[window] += 1
        return previous

    def release(self, window: int, position: int, value: int) -> None:
        """Move one window's head past `position`, which holds `value`."""
        if self._last.get(value) == position:
            self.counts[window] -= 1
            if window == len(WINDOW_MS) - 1:
                del self._last[value]  # the longest window holds it no more, so none does

    def retract(self, position: int, value: int, previous: int, heads: list[int]) -> None:
        """Undo the latest `admit`, whose result was `previous`."""
        counts = self.counts
        for window, head in enumerate(heads):
            if previous < head <= position:
                counts[window] -= 1
        if previous >= heads[-1]:
            self._last[value] = previous
        else:
            self._last.pop(value, None)
