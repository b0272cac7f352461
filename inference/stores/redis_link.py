"""One connection to a Redis or Valkey server: commands go out at once, replies come back in their order."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Sequence
from typing import Any, cast

import hiredis
from redis.connection import parse_url

from inference.stores.guard import StoreFailedError

_NOTHING = object()


class Link(asyncio.Protocol):
    """A connection. Whoever stops waiting for a reply leaves its place to the reply, which is dropped."""

    def __init__(self) -> None:
        self._reader = hiredis.Reader(notEnoughData=_NOTHING)
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._transport: asyncio.Transport | None = None
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        try:
            self._reader.feed(data)
            while (reply := self._reader.gets()) is not _NOTHING:
                if not self._waiting:
                    raise hiredis.ProtocolError("a reply to no command")
                future = self._waiting.popleft()
                if not future.done():
                    future.set_result(reply)
        except hiredis.ProtocolError as error:
            self.drop(f"Redis answered what is not its protocol: {error}")

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop."""
        self.drop(f"Redis closed the connection{'' if exc is None else f': {exc}'}")

    def ask(self, command: Sequence[bytes | str]) -> asyncio.Future[Any]:
        """Send a command; the future gets its reply.

        Raises:
            StoreFailedError: the connection is lost.
        """
        if self.lost or self._transport is None:
            raise StoreFailedError("the connection to Redis is lost")
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        self._transport.write(hiredis.pack_command(cast(Any, tuple(command))))
        return future

    def drop(self, why: str) -> None:
        """Close the connection; whoever waits is told why."""
        if self.lost:
            return
        self.lost = True
        if self._transport is not None:
            self._transport.abort()
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_exception(StoreFailedError(why))


async def connect(url: str) -> Link:
    """A connection that is logged in and has its database selected.

    Args:
        url: as redis-py reads it.

    Raises:
        StoreFailedError: the server refuses.
        OSError: it cannot be reached.
    """
    options: dict[str, Any] = dict(parse_url(url))  # type: ignore[no-untyped-call]
    loop = asyncio.get_running_loop()
    if "path" in options:
        _, link = await loop.create_unix_connection(Link, options["path"])
    else:
        context = _context(options) if url.startswith("rediss:") else None
        host, port = options.get("host", "localhost"), options.get("port", 6379)
        _, link = await loop.create_connection(Link, host, port, ssl=context)
    try:
        if "password" in options:
            user = [options["username"]] if options.get("username") else []
            _agreed(await link.ask(["AUTH", *user, options["password"]]))
        if options.get("db"):
            _agreed(await link.ask(["SELECT", str(options["db"])]))
    except BaseException:
        link.drop("the connection to Redis was given up")
        raise
    return link


def _context(options: dict[str, Any]) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=options.get("ssl_ca_certs"))
    if options.get("ssl_cert_reqs") == "none":
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _agreed(reply: object) -> None:
    if isinstance(reply, hiredis.ReplyError):
        raise StoreFailedError(f"Redis refused: {reply}")
