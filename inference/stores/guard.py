"""Keeps a store that is reached over a network from costing every decision its whole budget."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import TypeVar

from inference.signals.breaker import Breaker, BreakerLimits
from inference.stores.base import FeaturesUnavailableError

T = TypeVar("T")

# After five reads in a row that failed, one a second tries.
LIMITS = BreakerLimits(window=20, least=5, failing=0.5, open_s=1.0)


class StoreFailedError(FeaturesUnavailableError):
    """The store cannot be reached, refuses or fails: unlike one bad record, it concerns every read."""


class Guard:
    """A budget for each read, and a circuit breaker over all of them. One per event loop.

    Args:
        name: what messages call the store.
        budget_s: longest time of a read.
    """

    def __init__(self, name: str, budget_s: float, limits: BreakerLimits = LIMITS) -> None:
        self._name, self._budget_s = name, budget_s
        self._breaker = Breaker(limits)
        self._problem = ""

    async def run(self, read: Coroutine[None, None, T]) -> T:
        """The result of `read`, which is given up when its time is over or when the store is left alone.

        Raises:
            FeaturesUnavailableError: what `read` raised, or there is no answer in time.
        """
        permit = self._breaker.admit()
        if permit is None:
            read.close()
            raise StoreFailedError(f"{self._problem}; it is asked again within a second")
        began = time.monotonic()
        ok: bool | None = None  # given up by the caller: says nothing
        try:
            async with asyncio.timeout(self._budget_s):
                found = await read
        except TimeoutError as error:
            ok, self._problem = False, f"{self._name} did not answer within {self._budget_s * 1000:g} ms"
            raise StoreFailedError(self._problem) from error
        except StoreFailedError as error:
            ok, self._problem = False, str(error)
            raise
        except FeaturesUnavailableError:
            ok = True  # it answers, if nothing good
            raise
        except asyncio.CancelledError:
            # The caller's own budget, the same in size, may be over a moment before ours.
            if time.monotonic() - began >= 0.9 * self._budget_s:
                ok, self._problem = False, f"{self._name} did not answer within {self._budget_s * 1000:g} ms"
            raise
        else:
            ok = True
            return found
        finally:
            if ok is None:
                self._breaker.withdraw(permit)
            else:
                self._breaker.record(permit, ok)
