"""Everything that third parties say of a transaction, within one budget."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence

import msgspec

from inference.logs import Throttled
from inference.policy import SignalValue
from inference.signals.asking import Asker, Values
from inference.signals.counters import Counters
from inference.signals.outputs import SignalError
from processing.events import Transaction

log = logging.getLogger("inference")


class Gathered(msgspec.Struct, frozen=True, gc=False):
    """What was said.

    Attributes:
        values: by ``adapter.output``; None where nothing was said in time.
        problems: why not, by adapter.
    """

    values: dict[str, SignalValue]
    problems: dict[str, str]


class Signals:
    """The configured third parties. One per event loop.

    Args:
        budget_s: longest time that `gather` takes, whatever the third parties do.
    """

    def __init__(self, askers: Sequence[Asker], *, budget_s: float) -> None:
        self._askers = tuple(askers)
        self._budget_s = budget_s
        self._tasks: set[asyncio.Task[Values]] = set()
        self._warn = Throttled(log)

    def gather_now(self, transaction: Transaction) -> Gathered | None:
        """The signals when all of them are known from earlier answers; None: use `gather`."""
        values: dict[str, SignalValue] = {}
        for asker in self._askers:
            known = asker.known(transaction)
            if known is None:
                return None
            values.update(known)
        for asker in self._askers:
            asker.counters.add("cached")
        return Gathered(values, {})

    async def gather(self, transaction: Transaction) -> Gathered:
        """Ask everybody at once; within the budget, and never an exception."""
        values: dict[str, SignalValue] = {}
        problems: dict[str, str] = {}
        asked: dict[asyncio.Task[Values], Asker] = {}
        loop = asyncio.get_running_loop()
        for asker in self._askers:
            known = asker.known(transaction)
            if known is not None:
                asker.counters.add("cached")
                values.update(known)
                continue
            values.update(asker.nothing)
            if asker.breaker.refuses:  # a task would only find the same
                problems[asker.adapter.name] = asker.refuse()
                continue
            asked[loop.create_task(asker.ask(transaction))] = asker
        if asked:
            await self._ask(asked, values, problems)
        for name, problem in problems.items():
            self._warn.warning("no signal", adapter=name, problem=problem)
        return Gathered(values, problems)

    async def _ask(
        self,
        asked: Mapping[asyncio.Task[Values], Asker],
        values: dict[str, SignalValue],
        problems: dict[str, str],
    ) -> None:
        """Wait for what was asked, and sort it into values and problems."""
        self._tasks.update(asked)  # the loop itself keeps only weak references
        try:
            await asyncio.wait(asked, timeout=self._budget_s)
        finally:
            for task in asked:
                task.add_done_callback(self._tasks.discard)
                task.cancel()
        for task, asker in asked.items():
            outcome = _outcome(task)
            if isinstance(outcome, str):
                problems[asker.adapter.name] = outcome
            else:
                values.update(outcome)

    @property
    def counters(self) -> dict[str, Counters]:
        """What became of the questions, by adapter."""
        return {asker.adapter.name: asker.counters for asker in self._askers}

    @property
    def breakers(self) -> dict[str, str]:
        """State of each adapter's circuit breaker."""
        return {asker.adapter.name: asker.breaker.state for asker in self._askers}

    async def close(self) -> None:
        """Give back the connections of all adapters."""
        for asker in self._askers:
            await asker.adapter.close()


def _outcome(task: asyncio.Task[Values]) -> Values | str:
    """What was said, or why nothing was."""
    if not task.done() or task.cancelled():
        return "did not answer within the budget"
    error = task.exception()
    if error is None:
        return task.result()
    return str(error) if isinstance(error, SignalError) else f"could not be asked: {type(error).__name__}"
