"""A circuit breaker: a third party that keeps failing is left alone for a while."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

import msgspec


class BreakerLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When to stop asking.

    Attributes:
        window: newest calls that count.
        least: calls below which it never opens.
        failing: share of failed calls from which it opens.
        open_s: seconds without any call; then one call tries.
    """

    window: int = 50
    least: int = 10
    failing: float = 0.5
    open_s: float = 5.0

    def problem(self) -> str | None:
        """What is wrong with the limits."""
        if not 1 <= self.least <= self.window <= 10_000:
            return "expected 1 <= least <= window <= 10000"
        if not 0.0 < self.failing <= 1.0:
            return "failing: expected a share above 0 and at most 1"
        return None if 0.01 <= self.open_s <= 3600 else "open_s: expected 0.01 to 3600 seconds"


class Breaker:
    """Closed, open, or half-open: then a single call decides which of both it becomes.

    Args:
        clock: seconds that never go backwards.
    """

    def __init__(self, limits: BreakerLimits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._recent: deque[bool] = deque(maxlen=limits.window)
        self._open_until: float | None = None
        self._probing = False
        # Outcomes of calls that began before the last change say nothing about the state after it.
        self._era = 0

    @property
    def state(self) -> str:
        """``closed``, ``open`` or ``half-open``."""
        if self._open_until is None:
            return "closed"
        return "half-open" if self._clock() >= self._open_until else "open"

    @property
    def refuses(self) -> bool:
        """Whether `admit` would give no permit now."""
        return self._open_until is not None and (self._probing or self._clock() < self._open_until)

    def admit(self) -> int | None:
        """A permit for one call, to be given back to `record` or `withdraw`; None: do not call."""
        if self.refuses:
            return None
        self._probing = self._open_until is not None
        return self._era

    def record(self, permit: int, ok: bool) -> None:
        """Tell how a call ended."""
        if permit != self._era:
            return
        if self._open_until is not None:
            self._probing = False
            self._change(None if ok else self._clock() + self._limits.open_s)
            return
        self._recent.append(ok)
        failed = self._recent.count(False)
        if len(self._recent) >= self._limits.least and failed >= self._limits.failing * len(self._recent):
            self._change(self._clock() + self._limits.open_s)

    def withdraw(self, permit: int) -> None:
        """The call was given up for reasons of our own; it says nothing about the third party."""
        if permit == self._era:
            self._probing = False

    def _change(self, open_until: float | None) -> None:
        self._open_until = open_until
        self._era += 1
        self._recent.clear()
