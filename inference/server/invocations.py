"""Requests for decisions: one transaction or a batch, against the service of a model."""

from __future__ import annotations

import asyncio
import logging
import time

from inference.answers import Answer
from inference.deciding import MOST_AT_ONCE
from inference.decision_log import DecisionLogError
from inference.logs import Throttled
from inference.server import formats
from inference.server.connection import Connection
from inference.server.emf import DecisionMetrics
from inference.server.errors import RefusedError
from inference.server.head import Head
from inference.server.metrics import Counters
from inference.service import DecisionService
from processing.events import RejectedRecord, Transaction

_QUEUE_S = 0.05
"""Work that may wait: what comes on top is refused, so that nobody waits longer than a few times that."""
_LEAST_PENDING, _MOST_PENDING = 4, 1024
_MOST_BATCHES = 8

_CONTENT_TYPES = {kind: kind.encode() for kind in formats.MEDIA_TYPES}
_OVERLOADED = "too many requests wait for a decision: send it again later, or add instances"

_warn = Throttled(logging.getLogger("inference"))


class Invocations:
    """Decides what requests ask, and counts it."""

    def __init__(self, counters: Counters, metrics: DecisionMetrics, *, replay: bool) -> None:
        self._counters, self._metrics, self._replay = counters, metrics, replay
        self._batches: set[asyncio.Task[None]] = set()

    def handle(
        self, service: DecisionService, head: Head, body: bytes, connection: Connection, started: float
    ) -> None:
        """Answer later.

        Raises:
            RefusedError: the request is wrong, or too much waits.
        """
        given = formats.media_type(head.media_type)
        wanted = formats.answer_type(head.accept, given)
        if not formats.is_single(body, given):
            self._start_batch(service, body, given, wanted, connection)
            return
        transaction = formats.one(body, time.time_ns() // 1_000_000, self._replay)
        if service.pending >= _most_pending(service):
            self._counters.shed()
            raise RefusedError(503, None, _OVERLOADED, retry_after_s=1)

        def done(outcome: Answer | Exception) -> None:
            if isinstance(outcome, Exception):
                self._refuse(connection, outcome)
                return
            self._count(outcome)
            self._counters.status(200)
            connection.answer(200, _CONTENT_TYPES[wanted], formats.encode_one(outcome, wanted))

        service.submit(transaction, started, done)

    def _start_batch(
        self, service: DecisionService, body: bytes, given: str, wanted: str, connection: Connection
    ) -> None:
        if len(self._batches) >= _MOST_BATCHES:
            self._counters.shed()
            raise RefusedError(503, None, _OVERLOADED, retry_after_s=1)
        batch = formats.many(body, given, time.time_ns() // 1_000_000, self._replay)
        task = asyncio.get_running_loop().create_task(self._decide(service, batch, wanted, connection))
        self._batches.add(task)
        task.add_done_callback(self._batches.discard)

    async def _decide(
        self, service: DecisionService, batch: formats.Batch, wanted: str, connection: Connection
    ) -> None:
        """A part at a time: single requests are answered in between."""
        outcomes: list[formats.Outcome] = []
        try:
            for first in range(0, len(batch.items), MOST_AT_ONCE):
                outcomes += await self._decide_part(service, batch.items[first : first + MOST_AT_ONCE])
                await asyncio.sleep(0)
        except Exception as error:
            self._refuse(connection, error)
            return
        self._counters.status(200)
        connection.answer(200, _CONTENT_TYPES[wanted], formats.encode_many(outcomes, wanted))

    async def _decide_part(
        self, service: DecisionService, items: list[formats.Item]
    ) -> list[formats.Outcome]:
        started = time.perf_counter()
        decided = await asyncio.gather(
            *(service.decide(item, started) for item in items if isinstance(item, Transaction))
        )
        for answer in decided:
            self._count(answer)
        answers = iter(decided)
        return [item if isinstance(item, RejectedRecord) else next(answers) for item in items]

    def _count(self, answer: Answer) -> None:
        self._counters.answered(answer)
        has_model = answer.model_version is not None
        self._metrics.observe(answer.decision, answer.decided_by, answer.latency_ms, has_model=has_model)

    def _refuse(self, connection: Connection, error: Exception) -> None:
        if isinstance(error, DecisionLogError):
            message = f"decisions cannot be recorded now: {error}"
            refusal = RefusedError(503, None, message, retry_after_s=error.retry_after_s)
        else:
            refusal = internal_error(error)
        self._counters.status(refusal.status)
        connection.refuse(refusal)


def internal_error(error: Exception) -> RefusedError:
    """The refusal for what nobody foresaw; the log has it."""
    _warn.exception("request failed", error)
    return RefusedError(500, None, "internal error; the server's log has it")


def _most_pending(service: DecisionService) -> int:
    return max(_LEAST_PENDING, min(_MOST_PENDING, int(_QUEUE_S / service.seconds_per_case)))
