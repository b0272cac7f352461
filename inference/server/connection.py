"""One client's connection: bytes to requests, answers to bytes, one request at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol, cast

from inference.server.board import ANSWERING, BEGUN, IDLE
from inference.server.chunks import ChunkedBody, too_large
from inference.server.errors import RefusedError
from inference.server.head import MAX_HEAD_BYTES, Head, read_head

BODY_TIMEOUT_S = 5.0
KEEP_ALIVE_S = 75.0  # longer than the idle time of the load balancers in front
_AT_ONCE = 32 * 1024  # an answer of so many bytes fits what the kernel takes at once
_MOST_AHEAD = 64 * 1024  # bytes of following requests that are read before the current one is answered

_STATUS = {
    200: b"200 OK",
    400: b"400 Bad Request",
    404: b"404 Not Found",
    405: b"405 Method Not Allowed",
    408: b"408 Request Timeout",
    409: b"409 Conflict",
    413: b"413 Content Too Large",
    415: b"415 Unsupported Media Type",
    422: b"422 Unprocessable Content",
    431: b"431 Request Header Fields Too Large",
    500: b"500 Internal Server Error",
    501: b"501 Not Implemented",
    503: b"503 Service Unavailable",
    507: b"507 Insufficient Storage",
}
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
JSON = b"application/json"


def response(
    status: int, content_type: bytes, body: bytes, headers: bytes = b"", close: bool = False
) -> bytes:
    """An HTTP response as it goes on the wire."""
    ending = b"connection: close\r\n\r\n" if close else b"\r\n"
    kind = b"content-type: " + content_type + b"\r\n" if body else b""
    return b"HTTP/1.1 %b\r\n%b%bcontent-length: %d\r\n%b%b" % (
        _STATUS[status],
        kind,
        headers,
        len(body),
        ending,
        body,
    )


class Handler(Protocol):
    """What answers requests."""

    def limit(self, head: Head) -> int:
        """The largest body, in bytes, that this request may have.

        Raises:
            RefusedError: the request needs no body to be refused.
        """
        ...

    def handle(self, head: Head, body: bytes, connection: Connection, started: float) -> None:
        """Answer now or later, exactly once, by `Connection.answer` or `Connection.refuse`.

        Raises:
            RefusedError: instead of calling `refuse`.
        """
        ...


class Connection(asyncio.Protocol):
    """The protocol of one connection.

    Args:
        on_busy: called with `BEGUN` when a request has begun to arrive, with `ANSWERING` before a long answer
            is sent, with `IDLE` when an answer was given to the transport.
        on_taken: called with the size of everything that arrives, before anything is made of it.
        on_lost: called once when the connection is gone.

    Attributes:
        waiting_since: `time.monotonic()` of the first byte of a request that has not arrived in full;
            None otherwise.
        idle_since: of the last answer; None while a request is under way.
    """

    __slots__ = (
        "_answering",
        "_body",
        "_buffer",
        "_closing",
        "_handler",
        "_head",
        "_on_busy",
        "_on_lost",
        "_on_taken",
        "_started",
        "_transport",
        "idle_since",
        "waiting_since",
    )

    def __init__(
        self,
        handler: Handler,
        on_busy: Callable[[int], None],
        on_taken: Callable[[int], None],
        on_lost: Callable[[Connection], None],
    ) -> None:
        self._handler, self._on_busy, self._on_lost = handler, on_busy, on_lost
        self._on_taken = on_taken
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._head: Head | None = None
        self._body: ChunkedBody | None = None
        self._started = 0.0
        self._answering = False
        self._closing = False
        self.waiting_since: float | None = None
        self.idle_since: float | None = time.monotonic()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's transports only look like it

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's
        self._transport = None
        self._on_busy(IDLE)
        self._on_lost(self)

    def eof_received(self) -> bool:
        """The client sends nothing more; what it asked is still answered."""
        if not self._answering:
            return False
        self._closing = True
        return True

    def data_received(self, data: bytes) -> None:
        if self.idle_since is not None:
            self.idle_since = None
            self.waiting_since = time.monotonic()
            self._started = time.perf_counter()
            self._on_busy(BEGUN)
        self._on_taken(len(data))
        self._buffer = self._buffer + data if self._buffer else data
        if not self._answering:
            self._advance()
        elif len(self._buffer) > _MOST_AHEAD and self._transport is not None:
            self._transport.pause_reading()

    @property
    def is_sending(self) -> bool:
        """Whether a part of an answer has not left."""
        return self._transport is not None and self._transport.get_write_buffer_size() > 0

    def answer(self, status: int, content_type: bytes, body: bytes, headers: bytes = b"") -> None:
        """Send the answer to the request under way."""
        head = self._head
        close = self._closing or head is None or not head.keep_alive
        self._finish(response(status, content_type, body, headers, close), close)

    def refuse(self, error: RefusedError) -> None:
        """Send a refusal of the request under way."""
        close = self._closing or error.close or self._head is None or not self._head.keep_alive
        self._finish(response(error.status, JSON, error.body, error.headers, close), close)

    def expire(self, now: float) -> None:
        """Give up what takes too long: a request that does not arrive, or a client that asks nothing."""
        if self.waiting_since is not None and now - self.waiting_since > BODY_TIMEOUT_S:
            message = f"the request did not arrive within {BODY_TIMEOUT_S:g} s"
            self.refuse(RefusedError(408, None, message, close=True))
        elif self.idle_since is not None and now - self.idle_since > KEEP_ALIVE_S:
            self.close()

    def close(self) -> None:
        """Close now when idle, else after the answer."""
        self._closing = True
        if self.idle_since is not None and self._transport is not None:
            self._transport.close()

    def _advance(self) -> None:
        """Read one request from the buffer, and hand it over when it is complete."""
        try:
            body = self._next()
            if body is None:
                return
            assert self._head is not None
            self.waiting_since = None
            self._answering = True
            self._handler.handle(self._head, body, self, self._started)
        except RefusedError as error:
            self.refuse(error)

    def _next(self) -> bytes | None:
        """The body of the next request, whose head is in `_head`; None until it is complete."""
        if self._head is None:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                if len(self._buffer) > MAX_HEAD_BYTES:
                    raise RefusedError(431, None, f"the head exceeds {MAX_HEAD_BYTES} bytes", close=True)
                return None
            raw = self._buffer[: end + 4]
            if len(raw) > MAX_HEAD_BYTES:
                raise RefusedError(431, None, f"the head exceeds {MAX_HEAD_BYTES} bytes", close=True)
            head = read_head(raw)
            self._buffer = self._buffer[end + 4 :]
            self._head = head
            self._check_length(head, raw)
        if self._body is not None:
            self._body.feed(self._buffer)
            self._buffer = b""
            self._closing = True
            return self._body.body if self._body.complete else None
        length = self._head.length or 0
        if len(self._buffer) < length:
            return None
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        return body

    def _check_length(self, head: Head, raw: bytes) -> None:
        try:
            most = self._handler.limit(head)
        except RefusedError as error:
            # The body is not read, so what follows cannot be told from it.
            error.close = error.close or head.length != 0
            raise
        if head.length is None:
            self._body = ChunkedBody(raw, most)
        elif head.length > most:
            raise too_large(most)
        if head.expects_continue and self._transport is not None:
            self._transport.write(_CONTINUE)

    def _finish(self, data: bytes, close: bool) -> None:
        self._answering = False
        self._head = self._body = None
        self.waiting_since = None
        if self._transport is None:
            return  # the client did not wait
        if len(data) > _AT_ONCE:
            self._on_busy(ANSWERING)
        self._transport.write(data)
        if close:
            self._buffer = b""
            self._transport.close()
            return
        if self._buffer:
            self._started = time.perf_counter()
            self.waiting_since = time.monotonic()
            if not self.is_sending:
                self._on_busy(BEGUN)
            if not self._transport.is_reading():
                self._transport.resume_reading()
            # Not from here: a client that sends many requests at once would grow the stack.
            asyncio.get_running_loop().call_soon(self._continue)
        else:
            self.idle_since = time.monotonic()
            self._on_busy(IDLE)

    def _continue(self) -> None:
        if not self._answering and self._transport is not None:
            self._advance()
