"""Features from Redis or Valkey: everything in one MGET."""

from __future__ import annotations

import asyncio
import logging
import time

import hiredis

from feature_groups.names import Names
from inference.logs import Throttled
from inference.stores.base import Records
from inference.stores.guard import Guard, StoreFailedError
from inference.stores.packed import Progress, records
from inference.stores.redis_link import Link, connect
from processing.online.codec import MERCHANT, PROFILE, PROGRESS, STREAM, USER, key
from processing.online.redis import prefix

log = logging.getLogger("inference")

_CONNECT_S = 1.0


class RedisReader:
    """Reads profile, user, merchant and progress in one round trip, over one connection for all reads.

    Args:
        url: of the server; it may hold a password, which no message repeats.
        names: of the environment: several may share a server.
        read_budget_ms: longest time of a read, a connection that has to be made first included.
    """

    def __init__(self, url: str, names: Names, read_budget_ms: int) -> None:
        self._url = url
        self._prefix = prefix(names)
        self._guard = Guard("Redis", read_budget_ms / 1000)
        self._link: Link | None = None
        self._connecting: asyncio.Task[Link] | None = None
        self._progress = Progress()
        self._warn = Throttled(log)
        self._progress_key = self._prefix + key(PROGRESS, STREAM)

    def read_now(self, user_id: str, merchant_id: str) -> Records | None:  # noqa: ARG002 - the protocol's
        """See `FeatureReader`."""
        return None

    async def read(self, user_id: str, merchant_id: str) -> Records:
        """See `FeatureReader`."""
        return await self._guard.run(self._read(user_id, merchant_id))

    def warm(self) -> None:
        """Begin to connect; a store that does not answer yet is logged, not fatal."""
        self._begin()

    def close(self) -> None:
        """Close the connection."""
        if self._connecting is not None:
            self._connecting.cancel()
        if self._link is not None:
            self._link.drop("the reader was closed")

    async def _read(self, user_id: str, merchant_id: str) -> Records:
        link = self._link
        if link is None or link.lost:
            link = await self._connected()
        now_ms = time.time() * 1000
        start, is_old = self._prefix, self._progress.is_old(now_ms)
        command: list[bytes] = [
            b"MGET",
            start + key(PROFILE, user_id),
            start + key(USER, user_id),
            start + key(MERCHANT, merchant_id),
        ]
        if is_old:
            command.append(self._progress_key)
        try:
            reply = await link.ask(command)
        except asyncio.CancelledError:
            # Its replies come in order: what hangs now would hold up every later one.
            link.drop("Redis did not answer an earlier read in time")
            raise
        if isinstance(reply, hiredis.ReplyError):
            raise StoreFailedError(f"Redis refused: {reply}")
        if not isinstance(reply, list) or len(reply) != len(command) - 1:
            link.drop("Redis answered an MGET with something else")
            raise StoreFailedError("Redis answered an MGET with something else")
        if is_old:
            self._progress.note(reply[3], now_ms)
        return records(reply[0], reply[1], reply[2], now_ms, self._progress)

    async def _connected(self) -> Link:
        """The connection, which all who wait for it share."""
        return await asyncio.shield(self._begin())

    def _begin(self) -> asyncio.Task[Link]:
        if self._connecting is None:
            self._connecting = asyncio.get_running_loop().create_task(self._connect())
            self._connecting.add_done_callback(self._ended)
        return self._connecting

    def _ended(self, task: asyncio.Task[Link]) -> None:
        self._connecting = None
        if task.cancelled():
            return
        if (error := task.exception()) is None:
            self._link = task.result()
        else:
            self._warn.warning("the online store does not answer", reason=str(error))

    async def _connect(self) -> Link:
        try:
            async with asyncio.timeout(_CONNECT_S):
                return await connect(self._url)
        except TimeoutError as error:
            raise StoreFailedError(f"Redis took no connection within {_CONNECT_S:g} s") from error
        except OSError as error:
            raise StoreFailedError(
                f"Redis cannot be reached: {error.strerror or type(error).__name__}"
            ) from error
