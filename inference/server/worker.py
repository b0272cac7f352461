"""One worker: an event loop that answers the connections it is given."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import time
from collections.abc import Awaitable, Callable

import uvloop

from inference.server import handover
from inference.server.board import IDLE, Board
from inference.server.connection import Connection, Handler
from inference.server.supervisor import DRAIN_SECONDS

_BEAT_S = 0.2
_SWEEP_S = 1.0
_SENT_S = 0.01

log = logging.getLogger("inference")

Build = Callable[[], Awaitable[Handler]]
"""Makes what answers requests, inside the worker's event loop."""


class Worker:
    """Serves until the supervisor says to drain, or is gone.

    Args:
        number: of this worker, its place on the board.
        theirs: its end of the channel.
        on_stop: awaited at the end, when nothing is under way any more.
    """

    def __init__(
        self, number: int, theirs: socket.socket, board: Board, build: Build, on_stop: Callable[[], None]
    ) -> None:
        self._number, self._channel, self._board = number, theirs, board
        self._build, self._on_stop = build, on_stop
        self._open: set[Connection] = set()
        self._unsaid: list[bytes] = []
        self._end = asyncio.Event()

    def run(self) -> int:
        """Serve; returns the exit code."""
        uvloop.run(self._serve())
        return 0

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        self._handler = await self._build()
        loop.add_reader(self._channel.fileno(), self._on_channel)
        self._say(handover.READY)
        beat = loop.create_task(self._beat())
        sweep = loop.create_task(self._sweep())
        await self._end.wait()
        for connection in list(self._open):
            connection.close()
        deadline = time.monotonic() + DRAIN_SECONDS - 1
        while self._open and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        beat.cancel()
        sweep.cancel()
        self._on_stop()

    def _on_channel(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                taken = handover.take(self._channel)
            except (ConnectionError, OSError):
                log.error("the supervisor is gone: worker %d ends", self._number)
                loop.remove_reader(self._channel.fileno())
                self._end.set()
                return
            if taken is None:
                return
            if isinstance(taken, bytes):
                self._end.set()
                continue
            slot, connected = taken
            loop.create_task(self._connect(slot, connected))  # noqa: RUF006 - ends at once, and reports its end

    async def _connect(self, slot: int, connected: socket.socket) -> None:
        busy, taken = self._board.busy, self._board.taken
        loop = asyncio.get_running_loop()

        def on_busy(state: int) -> None:
            if state != IDLE:
                busy[slot] = state
            else:
                # Once the answer was sent, which happens at the end of this round of the loop.
                loop.call_soon(free)

        def on_taken(size: int) -> None:
            taken[slot] += size

        def free() -> None:
            if connection.is_sending:
                loop.call_later(_SENT_S, free)
            elif connection.idle_since is not None:
                busy[slot] = IDLE

        def on_lost(connection: Connection) -> None:
            self._open.discard(connection)
            self._say(handover.closed(slot))

        connection = Connection(self._handler, on_busy, on_taken, on_lost)
        self._open.add(connection)
        try:
            await loop.connect_accepted_socket(lambda: connection, connected)
        except OSError:
            connected.close()
            on_lost(connection)

    def _say(self, message: bytes) -> None:
        """Tell the supervisor; what it cannot take now is said at the next beat."""
        if self._unsaid:
            self._unsaid.append(message)
            return
        try:
            self._channel.send(message)
        except BlockingIOError:
            self._unsaid.append(message)
        except OSError:
            self._end.set()

    async def _beat(self) -> None:
        while True:
            self._board.beats[self._number] = time.monotonic()
            unsaid, self._unsaid = self._unsaid, []
            for message in unsaid:
                self._say(message)
            await asyncio.sleep(_BEAT_S)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_S)
            now = time.monotonic()
            for connection in list(self._open):
                with contextlib.suppress(Exception):
                    connection.expire(now)
