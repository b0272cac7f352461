"""The ASGI application: ``GET /ping`` and ``POST /invocations``, as SageMaker's containers have them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec

from inference.service import DecisionService
from processing.events import RejectedRecord, decode_transaction

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

MAX_BODY_BYTES = 256 * 1024
BODY_TIMEOUT_S = 5.0
_METHODS = {"/ping": "GET", "/invocations": "POST"}
_JSON: Headers = [(b"content-type", b"application/json")]

log = logging.getLogger("inference")
_encode = msgspec.json.Encoder().encode


class BadRequestError(Exception):
    """A request that is wrong: the status, and what the client can do about it."""

    def __init__(self, status: int, field: str | None, message: str, headers: Headers | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or []
        self.answer = {"error": {"field": field, "message": message}}


class App:
    """Serves decisions. Built only once everything it needs is loaded and warm."""

    def __init__(self, service: DecisionService, *, replay: bool) -> None:
        self._service = service
        self._replay = replay

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise ValueError(f"unexpected ASGI scope {scope['type']!r}")
        started = time.perf_counter()
        try:
            status, headers, body = await self._answer(scope, receive, started)
        except BadRequestError as error:
            status, headers, body = error.status, _JSON + error.headers, _encode(error.answer)
        except Exception:
            log.exception("request failed")
            message = "internal error; the server's log has it"
            status, headers, body = 500, _JSON, _encode({"error": {"field": None, "message": message}})
        length = (b"content-length", str(len(body)).encode())
        await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Scope, receive: Receive, started: float) -> tuple[int, Headers, bytes]:
        path, method = scope["path"], scope["method"]
        expected = _METHODS.get(path)
        if expected is None:
            raise BadRequestError(404, "path", f"{path}: this server has GET /ping and POST /invocations")
        if method != expected:
            allow = [(b"allow", expected.encode())]
            raise BadRequestError(405, "method", f"{path} takes {expected}, not {method}", allow)
        if path == "/ping":
            return 200, [], b""
        body = await _read_body(scope, receive)
        try:
            transaction = decode_transaction(body, time.time_ns() // 1_000_000, self._replay)
        except RejectedRecord as error:
            raise BadRequestError(400 if error.field is None else 422, error.field, error.message) from error
        return 200, _JSON, _encode(await self._service.decide(transaction, started))


async def _read_body(scope: Scope, receive: Receive) -> bytes:
    """The body of a request whose headers are acceptable.

    Raises:
        BadRequestError: wrong content type, too large (told from the header alone where it can be),
            too slow, or the client went away.
    """
    content_type, length = _headers(scope)
    media_type = content_type.split(b";", 1)[0].strip().lower()
    if media_type != b"application/json":
        got = content_type.decode("latin-1") or "none"
        raise BadRequestError(415, "Content-Type", f"content type {got}: send application/json")
    if length > MAX_BODY_BYTES:
        raise _too_large()
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise BadRequestError(400, None, "the connection closed before the body was complete")
                chunk = message.get("body", b"")
                size += len(chunk)
                if size > MAX_BODY_BYTES:
                    raise _too_large()
                chunks.append(chunk)
                if not message.get("more_body", False):
                    return b"".join(chunks)
    except TimeoutError as error:
        raise BadRequestError(
            408, None, f"the body did not arrive within {BODY_TIMEOUT_S:g} s", [(b"connection", b"close")]
        ) from error


def _headers(scope: Scope) -> tuple[bytes, int]:
    content_type, length = b"", 0
    for name, value in scope["headers"]:
        if name == b"content-type":
            content_type = value
        elif name == b"content-length":
            length = int(value)
    return content_type, length


def _too_large() -> BadRequestError:
    # Closing the connection is what spares us reading the rest.
    return BadRequestError(
        413, "body", f"the body is larger than {MAX_BODY_BYTES} bytes", [(b"connection", b"close")]
    )
