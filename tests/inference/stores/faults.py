"""Servers that break in ways that a real one cannot be told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


class Faulty:
    """A TCP server that says what `answer` makes of what it hears; None is silence.

    Attributes:
        connections: accepted so far; `alive` are open now.
    """

    def __init__(self, answer: Callable[[bytes], bytes | None], delay_s: float = 0.0) -> None:
        self.answer, self.delay_s = answer, delay_s
        self.connections = self.alive = self.port = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.alive += 1
        try:
            while data := await reader.read(65536):
                reply = self.answer(data)
                if reply is not None:
                    await asyncio.sleep(self.delay_s)
                    writer.write(reply)
        except ConnectionError:
            pass
        finally:
            self.alive -= 1
            writer.close()


@asynccontextmanager
async def serving(faulty: Faulty) -> AsyncIterator[Faulty]:
    server = await asyncio.start_server(faulty.handle, "127.0.0.1", 0)
    faulty.port = server.sockets[0].getsockname()[1]
    try:
        yield faulty
    finally:
        server.close()
