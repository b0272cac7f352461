"""Invocations: as many at a time as a function's concurrency allows, now or in the background."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from mirror.api import Context, Document, ServiceError
from mirror.functions.asynchronous import deliver
from mirror.functions.code import find
from mirror.functions.run import Result, run

Invocation = Future[Result]
"""An invocation in the background; its result is that of the last attempt."""

_WORKERS = 16


class _Concurrency:
    """How many invocations of each function run, and whether one more may start."""

    def __init__(self) -> None:
        self._running: dict[str, int] = {}
        self._changed = threading.Condition()

    @contextmanager
    def slot(self, arn: str, limit: int | None, *, wait: bool) -> Iterator[None]:
        """Hold one of `limit` slots.

        Raises:
            ServiceError: ``TooManyRequestsException`` when all are taken and the caller does not
                `wait`, or when the limit is zero.
        """
        with self._changed:
            while limit is not None and self._running.get(arn, 0) >= limit:
                if not wait or limit == 0:
                    raise ServiceError(
                        "TooManyRequestsException",
                        f"Rate Exceeded: {arn} has reserved {limit} concurrent execution(s)",
                        429,
                    )
                self._changed.wait()
            self._running[arn] = self._running.get(arn, 0) + 1
        try:
            yield
        finally:
            with self._changed:
                self._running[arn] -= 1
                self._changed.notify_all()


_concurrency = _Concurrency()
_pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="function")


def run_now(ctx: Context, name: str, event: str, *, wait: bool = False) -> Result:
    """Run a function and return its answer, error or not.

    Args:
        wait: for a free slot, instead of a refusal, when the reserved concurrency is used up.

    Raises:
        ServiceError: there is no such function, or no free slot.
    """
    function = find(ctx, name)
    with _concurrency.slot(function.arn, function.reserved, wait=wait):
        return run(ctx, function, event)


def invoke(ctx: Context, name: str, event: Document) -> Any:
    """Run a function and return what its handler returned.

    Raises:
        ServiceError: the handler raised, or the function could not be run.
    """
    result = run_now(ctx, name, json.dumps(event), wait=True)
    answer = json.loads(result.payload)
    if result.error:
        raise ServiceError(
            result.error, f"{name}: {answer.get('errorType')}: {answer.get('errorMessage')}", 502
        )
    return answer


def start(ctx: Context, name: str, event: Document) -> Invocation:
    """Queue an asynchronous invocation: retries, then the dead-letter queue and destinations.

    Raises:
        ServiceError: there is no such function.
    """
    function = find(ctx, name)
    text = json.dumps(event)
    return _pool.submit(deliver, ctx, function, text, lambda: run_now(ctx, name, text, wait=True))
