"""What each path answers: SageMaker's container contract, metrics and the API's description."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from inference.answers import Answer
from inference.deciding import MOST_AT_ONCE
from inference.decision_log import DecisionLogError
from inference.server import formats, openapi
from inference.server.connection import JSON, Connection
from inference.server.emf import DecisionMetrics
from inference.server.errors import RefusedError
from inference.server.head import Head
from inference.server.metrics import CONTENT_TYPE, Counters
from inference.service import DecisionService
from processing.events import RejectedRecord, Transaction

MAX_BODY_BYTES = 6 * 1024 * 1024
"""SageMaker's own limit for a real-time request."""
_QUEUE_S = 0.05
"""Work that may wait: what comes on top is refused, so that nobody waits longer than a few times that."""
_LEAST_PENDING, _MOST_PENDING = 16, 1024
_MOST_BATCHES = 8

_CONTENT_TYPES = {kind: kind.encode() for kind in formats.MEDIA_TYPES}
_EXECUTION = b'{"MaxConcurrentTransforms":4,"BatchStrategy":"MULTI_RECORD","MaxPayloadInMB":6}'
_OVERLOADED = "too many requests wait for a decision: send it again later, or add instances"

log = logging.getLogger("inference")


class App:
    """Answers the requests of one worker.

    Args:
        expose: gives the text of ``/metrics``.
    """

    def __init__(
        self,
        service: DecisionService,
        counters: Counters,
        expose: Callable[[], bytes],
        metrics: DecisionMetrics,
        *,
        replay: bool,
    ) -> None:
        self._service, self._counters = service, counters
        self._expose, self._metrics = expose, metrics
        self._replay = replay
        self._batches: set[asyncio.Task[None]] = set()
        self._paths: dict[str, tuple[str, Callable[[Head, bytes, Connection, float], None]]] = {
            "/invocations": ("POST", self._invocations),
            "/ping": ("GET", self._ping),
            "/metrics": ("GET", self._show_metrics),
            "/openapi.json": ("GET", self._describe),
            "/execution-parameters": ("GET", self._execution_parameters),
        }

    def limit(self, head: Head) -> int:
        """See `inference.server.connection.Handler`."""
        found = self._paths.get(head.path)
        if found is None:
            self._counters.status(404)
            offered = ", ".join(f"{method} {path}" for path, (method, _) in self._paths.items())
            raise RefusedError(404, "path", f"{head.path}: this server has {offered}")
        if head.method != found[0]:
            self._counters.status(405)
            message = f"{head.path} takes {found[0]}, not {head.method}"
            raise RefusedError(405, "method", message, allow=found[0])
        return MAX_BODY_BYTES if head.method == "POST" else 0

    def handle(self, head: Head, body: bytes, connection: Connection, started: float) -> None:
        """See `inference.server.connection.Handler`."""
        try:
            self._paths[head.path][1](head, body, connection, started)
        except RefusedError as error:
            self._counters.status(error.status)
            raise
        except Exception as error:
            raise self._internal() from error

    def _invocations(self, head: Head, body: bytes, connection: Connection, started: float) -> None:
        given = formats.media_type(head.media_type)
        wanted = formats.answer_type(head.accept, given)
        if not formats.is_single(body, given):
            self._start_batch(body, given, wanted, connection)
            return
        transaction = formats.one(body, time.time_ns() // 1_000_000, self._replay)
        service = self._service
        if service.pending >= self._most_pending():
            self._counters.shed()
            raise RefusedError(503, None, _OVERLOADED, retry_after_s=1)

        def done(outcome: Answer | Exception) -> None:
            if isinstance(outcome, Exception):
                refusal = self._refusal(outcome)
                self._counters.status(refusal.status)
                connection.refuse(refusal)
                return
            self._count(outcome)
            self._counters.status(200)
            connection.answer(200, _CONTENT_TYPES[wanted], formats.encode_one(outcome, wanted))

        service.submit(transaction, started, done)

    def _most_pending(self) -> int:
        return max(_LEAST_PENDING, min(_MOST_PENDING, int(_QUEUE_S / self._service.seconds_per_case)))

    def _count(self, answer: Answer) -> None:
        self._counters.answered(answer)
        self._metrics.observe(answer.decision, answer.decided_by, answer.latency_ms)

    def _refusal(self, error: Exception) -> RefusedError:
        if isinstance(error, DecisionLogError):
            message = f"decisions cannot be recorded now: {error}"
            return RefusedError(503, None, message, retry_after_s=error.retry_after_s)
        return self._internal()

    def _internal(self) -> RefusedError:
        log.exception("request failed")
        return RefusedError(500, None, "internal error; the server's log has it")

    # ---- batches

    def _start_batch(self, body: bytes, given: str, wanted: str, connection: Connection) -> None:
        if len(self._batches) >= _MOST_BATCHES:
            self._counters.shed()
            raise RefusedError(503, None, _OVERLOADED, retry_after_s=1)
        batch = formats.many(body, given, time.time_ns() // 1_000_000, self._replay)
        task = asyncio.get_running_loop().create_task(self._decide_batch(batch, wanted, connection))
        self._batches.add(task)
        task.add_done_callback(self._batches.discard)

    async def _decide_batch(self, batch: formats.Batch, wanted: str, connection: Connection) -> None:
        """A part at a time: single requests are answered in between."""
        outcomes: list[formats.Outcome] = []
        try:
            for first in range(0, len(batch.items), MOST_AT_ONCE):
                outcomes += await self._decide_part(batch.items[first : first + MOST_AT_ONCE])
                await asyncio.sleep(0)
        except Exception as error:
            refusal = self._refusal(error)
            self._counters.status(refusal.status)
            connection.refuse(refusal)
            return
        self._counters.status(200)
        connection.answer(200, _CONTENT_TYPES[wanted], formats.encode_many(outcomes, wanted))

    async def _decide_part(self, items: list[formats.Item]) -> list[formats.Outcome]:
        started = time.perf_counter()
        decided = await asyncio.gather(
            *(self._service.decide(item, started) for item in items if isinstance(item, Transaction))
        )
        answers = iter(decided)
        for answer in decided:
            self._count(answer)
        return [item if isinstance(item, RejectedRecord) else next(answers) for item in items]

    # ---- everything else

    def _ping(self, _head: Head, _body: bytes, connection: Connection, _started: float) -> None:
        self._counters.status(200)
        connection.answer(200, JSON, b"")

    def _show_metrics(self, _head: Head, _body: bytes, connection: Connection, _started: float) -> None:
        self._counters.status(200)
        self._counters.pending(self._service.pending)
        connection.answer(200, CONTENT_TYPE, self._expose())

    def _describe(self, _head: Head, _body: bytes, connection: Connection, _started: float) -> None:
        self._counters.status(200)
        connection.answer(200, JSON, openapi.document())

    def _execution_parameters(
        self, _head: Head, _body: bytes, connection: Connection, _started: float
    ) -> None:
        self._counters.status(200)
        connection.answer(200, JSON, _EXECUTION)
