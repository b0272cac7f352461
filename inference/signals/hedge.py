"""Hedging: a call that takes longer than most gets a second one beside it; the first answer wins.

Dean and Barroso, "The Tail at Scale", CACM 56(2), 2013.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import TypeVar

import msgspec

_Answer = TypeVar("_Answer")
_KEPT = 256  # newest answers that the delay is computed from
_EVERY = 16  # answers between two computations of it
_BURST = 5.0  # hedges that may be saved up


class HedgeLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When to ask a second time.

    Attributes:
        quantile: of the times of answers, after which a call counts as slow.
        after_ms: the delay until enough answers have come, and never less than a quarter of it later.
        share: most second calls per first call, so that a slow third party is not asked twice as much.
    """

    quantile: float = 0.95
    after_ms: float = 10.0
    share: float = 0.1

    def problem(self) -> str | None:
        """What is wrong with the limits."""
        if not 0.5 <= self.quantile < 1.0:
            return "quantile: expected 0.5 to 1"
        if not 0.1 <= self.after_ms <= 10_000:
            return "after_ms: expected 0.1 to 10000"
        return None if 0.0 < self.share <= 1.0 else "share: expected a share above 0 and at most 1"


class Hedge:
    """Knows when a call of one third party counts as slow, and how many second calls are left.

    Attributes:
        delay_s: how long a call may take before a second one is made.
    """

    def __init__(self, limits: HedgeLimits) -> None:
        self._limits = limits
        self._times: deque[float] = deque(maxlen=_KEPT)
        self._fresh = 0
        self._left = _BURST
        self.delay_s = limits.after_ms / 1000

    def learn(self, seconds: float) -> None:
        """An answer came, this long after the first call of its question began."""
        self._times.append(seconds)
        self._fresh += 1
        if self._fresh >= _EVERY and len(self._times) >= 2 * _EVERY:
            self._fresh = 0
            ordered = sorted(self._times)
            usual = ordered[int(self._limits.quantile * len(ordered))]
            self.delay_s = max(usual, self._limits.after_ms / 4000)

    def take(self) -> bool:
        """Whether a second call is allowed now; takes it."""
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True

    def began(self) -> None:
        """A first call begins."""
        self._left = min(_BURST, self._left + self._limits.share)


async def hedged(
    first: asyncio.Task[_Answer], second: Callable[[], asyncio.Task[_Answer] | None], hedge: Hedge
) -> _Answer:
    """The first answer of one call or two.

    Args:
        first: the call that was just begun.
        second: begins another one; None when there is no room for it.

    Raises:
        SignalError: of the call that failed last, when none succeeds.
    """
    hedge.began()
    began = time.perf_counter()
    calls = {first}
    try:
        done, pending = await asyncio.wait(calls, timeout=hedge.delay_s)
        if not done and hedge.take() and (beside := second()) is not None:
            calls.add(beside)
            pending = calls
        while True:
            for task in done:
                if task.exception() is None:
                    hedge.learn(time.perf_counter() - began)
                    return task.result()
            if not pending:
                return done.pop().result()
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in calls:
            task.cancel()
