"""Brings transactions to the decider: reads what is stored, asks, and lets those that wait go together."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

from inference.answers import Answer
from inference.deciding import MOST_AT_ONCE, Case, Decider
from inference.decision_log import DecisionLogError
from inference.logs import Throttled
from inference.signals import Signals
from inference.stores import FeatureReader, FeaturesUnavailableError
from processing.events import Transaction

Done = Callable[[Answer | Exception], None]
"""Called once: with the answer, or with a `DecisionLogError`, or with what nobody foresaw."""

_TURN_S = 0.01
"""Work after which what has arrived meanwhile is read, and refused when it is too much."""

log = logging.getLogger("inference")


class DecisionService:
    """Decides transactions of many requests together. One per event loop.

    Args:
        read_budget_s: longest wait for the feature store.
        signals: third parties to ask; None asks none.

    Attributes:
        pending: cases that were submitted and have no answer yet.
        seconds_per_case: what deciding one by the model has cost lately, a moving average.
    """

    def __init__(
        self, reader: FeatureReader, decider: Decider, *, read_budget_s: float, signals: Signals | None = None
    ) -> None:
        self._reader = reader
        self._warn = Throttled(log)
        self._decider = decider
        self._budget_s = read_budget_s
        self._signals = signals
        self._ready: list[tuple[Case, Done]] = []
        self._scheduled = False
        self._tasks: set[asyncio.Task[None]] = set()
        self.pending = 0
        self.seconds_per_case = 1e-4
        self._seconds_by_rules = 1e-4

    def submit(self, transaction: Transaction, started: float, done: Done) -> None:
        """Decide one transaction, soon.

        Args:
            started: `time.perf_counter()` when its request arrived.
            done: called with the outcome from the event loop, never before this returns.
        """
        case = Case(transaction, started)
        self.pending += 1
        if self._signals is not None:
            known = self._signals.gather_now(transaction)
            case.signals = None if known is None else known.values
        if self._signals is None or case.signals is not None:
            try:
                case.records = self._reader.read_now(transaction.user_id, transaction.merchant_id)
            except FeaturesUnavailableError as error:
                case.problem = str(error)
            if case.records is not None or case.problem is not None:
                self._enqueue(case, done)
                return
        task = asyncio.get_running_loop().create_task(self._prepare(case, done))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def decide(self, transaction: Transaction, started: float) -> Answer:
        """Decide one transaction.

        Raises:
            DecisionLogError: the decision cannot be recorded now.
        """
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

        def done(outcome: Answer | Exception) -> None:
            if future.cancelled():
                return
            if isinstance(outcome, Exception):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)

        self.submit(transaction, started, done)
        return await future

    async def _prepare(self, case: Case, done: Done) -> None:
        try:
            if self._signals is None or case.signals is not None:
                await self._read(case)
            else:
                _, signals = await asyncio.gather(self._read(case), self._signals.gather(case.transaction))
                case.signals = signals.values
        except Exception as error:  # whatever breaks, the caller still gets a decision
            self._warn.exception("preparing a decision failed")
            case.problem = f"preparing the decision failed: {type(error).__name__}"
        self._enqueue(case, done)

    async def _read(self, case: Case) -> None:
        transaction = case.transaction
        try:
            records = self._reader.read_now(transaction.user_id, transaction.merchant_id)
            if records is None:
                async with asyncio.timeout(self._budget_s):
                    records = await self._reader.read(transaction.user_id, transaction.merchant_id)
            case.records = records
        except TimeoutError:
            case.problem = f"the feature store did not answer within {self._budget_s * 1000:g} ms"
        except FeaturesUnavailableError as error:
            case.problem = str(error)

    def _enqueue(self, case: Case, done: Done) -> None:
        self._ready.append((case, done))
        if not self._scheduled:
            self._scheduled = True
            # After what has already arrived was read too: it can then be decided together.
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        turn = max(1, min(MOST_AT_ONCE, int(_TURN_S / self.seconds_per_case)))
        ready, self._ready = self._ready[:turn], self._ready[turn:]
        self._scheduled = bool(self._ready)
        if self._scheduled:
            asyncio.get_running_loop().call_soon(self._flush)
        self._decide(ready)

    def _decide(self, ready: list[tuple[Case, Done]]) -> None:
        began = time.perf_counter()
        outcomes: Sequence[Answer | Exception]
        try:
            outcomes = self._decider.decide([case for case, _ in ready])
        except DecisionLogError as error:
            outcomes = [error] * len(ready)
        except Exception as error:
            self._warn.exception("deciding failed")
            outcomes = [error] * len(ready)
        self.pending -= len(ready)
        for (_, done), outcome in zip(ready, outcomes, strict=True):
            try:
                done(outcome)
            except Exception:
                self._warn.exception("answering failed")
        self._learn(time.perf_counter() - began, outcomes)

    def _learn(self, elapsed_s: float, outcomes: Sequence[Answer | Exception]) -> None:
        """What the rules decide in its place says nothing about the model, and is cheap."""
        scored = sum(isinstance(one, Answer) and one.fallback_reason is None for one in outcomes)
        others = len(outcomes) - scored
        if not scored:
            self._seconds_by_rules += 0.05 * (elapsed_s / others - self._seconds_by_rules)
            return
        cost = max(elapsed_s - others * self._seconds_by_rules, 0.0) / scored
        self.seconds_per_case += 0.05 * (cost - self.seconds_per_case)
