"""A keep-alive HTTP/1.1 connection to a server process on this machine."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import httptools

Headers = list[tuple[bytes, bytes]]


class ConnectionLostError(Exception):
    """The server closed the connection before its answer was complete.

    `untouched` is true when no byte of an answer had arrived.
    """

    def __init__(self, untouched: bool) -> None:
        super().__init__("the connection to the container was closed")
        self.untouched = untouched


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete HTTP response; header names in lower case."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes


class Connection(asyncio.Protocol):
    """One request at a time; `reusable` says whether another may follow."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.reusable = False
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[Reply] | None = None
        self._reset()

    @classmethod
    async def open(cls, port: int) -> Connection:
        """Connect to ``127.0.0.1:port``.

        Raises:
            OSError: nothing listens there.
        """
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(lambda: cls(port), "127.0.0.1", port)
        return connection

    async def request(self, head: bytes, body: bytes) -> Reply:
        """Send one request and wait for its whole answer.

        Raises:
            ConnectionLostError: the server went away; the connection is of no more use.
        """
        if self._transport is None or self._transport.is_closing():
            raise ConnectionLostError(untouched=True)
        self._reset()
        self.reusable = False
        self._waiter = asyncio.get_running_loop().create_future()
        self._transport.write(head + body)
        try:
            return await self._waiter
        finally:
            self._waiter = None

    def close(self) -> None:
        self.reusable = False
        if self._transport is not None:
            self._transport.close()

    def _reset(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._headers: dict[bytes, bytes] = {}
        self._chunks: list[bytes] = []
        self._touched = False

    # ---- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # create_connection's are Transports

    def data_received(self, data: bytes) -> None:
        self._touched = True
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.close()

    def connection_lost(self, _exc: Exception | None) -> None:
        self.reusable = False
        self._transport = None
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(ConnectionLostError(untouched=not self._touched))

    # ---- httptools callbacks

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.lower()] = value

    def on_body(self, body: bytes) -> None:
        self._chunks.append(body)

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200:  # 100 Continue and the like precede the answer
            return
        self.reusable = self._parser.should_keep_alive()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(Reply(status, self._headers, b"".join(self._chunks)))
