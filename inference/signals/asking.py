"""One third party behind everything that keeps it from hurting: cache, breaker, bounds, hedge, timeout."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from operator import attrgetter
from typing import Any

import msgspec
from cachetools import TTLCache

from inference.policy import SignalValue
from inference.signals.adapter import Adapter
from inference.signals.breaker import Breaker, BreakerLimits
from inference.signals.counters import Counters, Row
from inference.signals.hedge import Hedge, HedgeLimits, hedged
from inference.signals.outputs import SignalError, check_answer
from processing.events import Transaction

Values = Mapping[str, SignalValue]

log = logging.getLogger("inference")


class BusyError(SignalError):
    """Nothing was asked: as many calls as are allowed are under way."""


class CacheLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long and how many answers are kept; every worker has a cache of its own."""

    ttl_s: float = 600.0
    size: int = 100_000

    def problem(self) -> str | None:
        """What is wrong with the limits."""
        if not 0.0 < self.ttl_s <= 86_400:
            return "ttl_s: expected a time above 0 and at most 86400 seconds"
        return None if 1 <= self.size <= 10_000_000 else "size: expected 1 to 10000000 answers"


class Asker:
    """Asks one adapter.

    Args:
        timeout_s: longest wait for an answer, hedged or not.
        concurrency: most calls under way at once.
        hedge: None never asks twice.
        row: where to count; None counts in memory of its own.
    """

    def __init__(
        self,
        adapter: Adapter,
        *,
        timeout_s: float,
        concurrency: int,
        cache: CacheLimits | None,
        breaker: BreakerLimits,
        hedge: HedgeLimits | None,
        row: Row | None = None,
    ) -> None:
        self.adapter = adapter
        self.counters = Counters(row)
        self.breaker = Breaker(breaker)
        self.calls_under_way = 0
        self._timeout_s = timeout_s
        self._concurrency = concurrency
        self._key = attrgetter(*adapter.fields)
        self._cache: TTLCache[Any, Values] | None = None
        if cache is not None:
            self._cache = TTLCache(cache.size, cache.ttl_s)
        self._hedge = None if hedge is None else Hedge(hedge)
        self._names = {output: f"{adapter.name}.{output}" for output in adapter.outputs}
        self.nothing: Values = dict.fromkeys(self._names.values())

    def known(self, transaction: Transaction) -> Values | None:
        """The answer of an earlier call that is still good."""
        return None if self._cache is None else self._cache.get(self._key(transaction))

    def refuse(self) -> str:
        """Why it is not asked while its breaker is open; counts it."""
        self.counters.add("open")
        return "is left alone: its calls kept failing"

    async def ask(self, transaction: Transaction) -> Values:
        """The answer, by ``adapter.output``.

        Raises:
            SignalError: there is none; the message says why.
        """
        permit = self.breaker.admit()
        if permit is None:
            raise SignalError(self.refuse())
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._timeout_s):
                values = await self._answer(transaction)
        except TimeoutError:
            self._too_late(permit)
            raise SignalError(f"did not answer within {self._timeout_s * 1000:g} ms") from None
        except BusyError:
            self.counters.add("busy")
            self.breaker.withdraw(permit)
            raise
        except SignalError:
            self.counters.add("failed")
            self.breaker.record(permit, ok=False)
            raise
        except Exception as error:
            log.exception("asking %s failed", self.adapter.name)
            self.counters.add("failed")
            self.breaker.record(permit, ok=False)
            raise SignalError(f"could not be asked: {type(error).__name__}") from error
        except BaseException:  # cancelled: nobody waits for the answer any more
            if time.monotonic() - began >= self._timeout_s:
                self._too_late(permit)
            else:
                self.breaker.withdraw(permit)
            raise
        self.breaker.record(permit, ok=True)
        if self._cache is not None:
            self._cache[self._key(transaction)] = values
        return values

    def _too_late(self, permit: int) -> None:
        self.counters.add("timed_out")
        self.breaker.record(permit, ok=False)

    async def _answer(self, transaction: Transaction) -> Values:
        first = self._start(transaction)
        if first is None:
            raise BusyError("was not asked: too many calls are under way")
        self.counters.add("asked")
        if self._hedge is not None:
            return await hedged(first, lambda: self._second(transaction), self._hedge)
        try:
            return await first
        finally:
            first.cancel()

    def _second(self, transaction: Transaction) -> asyncio.Task[Values] | None:
        task = self._start(transaction)
        if task is not None:
            self.counters.add("hedged")
        return task

    def _start(self, transaction: Transaction) -> asyncio.Task[Values] | None:
        """Begin a call; None when too many are under way. It holds its place until it really ends."""
        if self.calls_under_way >= self._concurrency:
            return None
        self.calls_under_way += 1
        task = asyncio.get_running_loop().create_task(self._call(transaction))
        task.add_done_callback(self._ended)
        return task

    async def _call(self, transaction: Transaction) -> Values:
        answer = check_answer(self.adapter.outputs, await self.adapter.ask(transaction))
        return {self._names[output]: value for output, value in answer.items()}

    def _ended(self, task: asyncio.Task[Values]) -> None:
        self.calls_under_way -= 1
        if not task.cancelled():
            task.exception()  # the loser of two calls may fail unheard
