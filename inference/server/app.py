"""What each path answers: SageMaker's container contract, metrics and the API's description."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from inference.server import openapi
from inference.server.connection import JSON, Connection
from inference.server.errors import RefusedError
from inference.server.head import Head
from inference.server.invocations import Invocations, internal_error
from inference.server.metrics import CONTENT_TYPE, Counters
from inference.server.multi_model import MultiModel, name_of
from inference.service import DecisionService

MAX_BODY_BYTES = 6 * 1024 * 1024
"""SageMaker's own limit for a real-time request."""

_EXECUTION = b'{"MaxConcurrentTransforms":4,"BatchStrategy":"MULTI_RECORD","MaxPayloadInMB":6}'
_MODELS = "/models"

log = logging.getLogger("inference")
_encode = msgspec.json.Encoder().encode

Answering = Callable[[Head, bytes, Connection, float], None]


class App:
    """Answers the requests of one worker.

    Args:
        expose: gives the text of ``/metrics``.
        models: on an endpoint with several models; None: there is one.
    """

    def __init__(
        self,
        service: DecisionService,
        invocations: Invocations,
        counters: Counters,
        expose: Callable[[], bytes],
        models: MultiModel | None = None,
    ) -> None:
        self._service, self._invocations, self._counters = service, invocations, counters
        self._expose, self._models = expose, models
        self._tasks: set[asyncio.Task[None]] = set()
        self._paths: dict[str, dict[str, Answering]] = {
            "/invocations": {"POST": self._invoke},
            "/ping": {"GET": self._ping},
            "/metrics": {"GET": self._show_metrics},
            "/openapi.json": {"GET": self._describe},
            "/execution-parameters": {"GET": self._execution_parameters},
        }
        self._below_models: dict[str, Answering] = {}
        if models is not None:
            self._paths[_MODELS] = {"GET": self._list_models, "POST": self._load_model}
            self._below_models = {
                "GET": self._show_model,
                "DELETE": self._unload_model,
                "POST": self._invoke_model,
            }

    def limit(self, head: Head) -> int:
        """See `inference.server.connection.Handler`."""
        offered = self._offered(head.path)
        if offered is None:
            self._counters.status(404)
            paths = ", ".join(f"{method} {path}" for path, by in self._paths.items() for method in by)
            raise RefusedError(404, "path", f"{head.path}: this server has {paths}")
        if head.method not in offered:
            self._counters.status(405)
            allowed = ", ".join(offered)
            raise RefusedError(
                405, "method", f"{head.path} takes {allowed}, not {head.method}", allow=allowed
            )
        return MAX_BODY_BYTES if head.method == "POST" else 0

    def handle(self, head: Head, body: bytes, connection: Connection, started: float) -> None:
        """See `inference.server.connection.Handler`."""
        offered = self._offered(head.path)
        assert offered is not None  # `limit` has refused it otherwise
        try:
            offered[head.method](head, body, connection, started)
        except RefusedError as error:
            self._counters.status(error.status)
            raise
        except Exception as error:
            raise internal_error(error) from error

    def _offered(self, path: str) -> dict[str, Answering] | None:
        found = self._paths.get(path)
        if found is None and self._below_models and path.startswith(f"{_MODELS}/"):
            return self._below_models
        return found

    def _invoke(self, head: Head, body: bytes, connection: Connection, started: float) -> None:
        self._invocations.handle(self._service, head, body, connection, started)

    def _ping(self, _head: Head, _body: bytes, connection: Connection, _started: float) -> None:
        self._answer(connection, b"")

    def _show_metrics(self, _head: Head, _body: bytes, connection: Connection, _started: float) -> None:
        self._counters.pending(self._service.pending)
        self._answer(connection, self._expose(), CONTENT_TYPE)

    def _describe(self, _head: Head, _body: bytes, connection: Connection, _started: float) -> None:
        self._answer(connection, openapi.document())

    def _execution_parameters(
        self, _head: Head, _body: bytes, connection: Connection, _started: float
    ) -> None:
        self._answer(connection, _EXECUTION)

    def _answer(self, connection: Connection, body: bytes, content_type: bytes = JSON) -> None:
        self._counters.status(200)
        connection.answer(200, content_type, body)

    # ---- several models

    @property
    def _several(self) -> MultiModel:
        assert self._models is not None  # the paths exist only then
        return self._models

    def _list_models(self, _head: Head, _body: bytes, connection: Connection, _started: float) -> None:
        self._answer(connection, _encode({"models": self._several.describe()}))

    def _show_model(self, head: Head, _body: bytes, connection: Connection, _started: float) -> None:
        self._answer(connection, _encode(self._several.describe_one(name_of(head.path)[0])))

    def _load_model(self, _head: Head, body: bytes, connection: Connection, _started: float) -> None:
        async def load() -> None:
            name = await self._several.load(body)
            self._answer(connection, _encode(self._several.describe_one(name)))

        self._later(load(), connection)

    def _unload_model(self, head: Head, _body: bytes, connection: Connection, _started: float) -> None:
        self._several.unload(name_of(head.path)[0])
        self._answer(connection, b"")

    def _invoke_model(self, head: Head, body: bytes, connection: Connection, started: float) -> None:
        name, invoked = name_of(head.path)
        if not invoked:
            raise RefusedError(404, "path", f"{head.path}: send transactions to {_MODELS}/{name}/invoke")
        service = self._several.loaded(name, head.target_model)
        if service is not None:
            self._invocations.handle(service, head, body, connection, started)
            return

        async def invoke() -> None:
            service = await self._several.service(name, head.target_model)
            self._invocations.handle(service, head, body, connection, started)

        self._later(invoke(), connection)

    def _later(self, work: Coroutine[Any, Any, None], connection: Connection) -> None:
        """Do work that waits for something, and refuse the request where it fails."""

        async def run() -> None:
            try:
                await work
            except RefusedError as error:
                self._counters.status(error.status)
                connection.refuse(error)
            except Exception as error:
                connection.refuse(internal_error(error))

        task = asyncio.get_running_loop().create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
