"""The mirror process: port, state directory, event loop, signals."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import uvicorn

from mirror.cloud import SERVERLESS_IDLE_S, Cloud
from mirror.server import registry
from mirror.server.front import Front
from mirror.server.lifecycle import Lifecycle

logger = logging.getLogger(__name__)

# Worker threads (moto, handlers) compute in Python; the event loop gets the GIL back this often.
SWITCH_INTERVAL_S = 0.0005
_KEEP_ALIVE_S = 600


class StartupError(Exception):
    """The mirror cannot start; the message names the cause and the fix."""


def run_server(port: int, state_dir: Path, region: str) -> None:
    """Serve until SIGTERM or SIGINT, then stop services and child processes.

    Raises:
        StartupError: the port is taken, another mirror uses `state_dir`, or a service did not start.
    """
    state_dir.mkdir(parents=True, exist_ok=True)
    with _locked(state_dir), _listening(port) as listener:
        os.environ.setdefault("MOTO_PORT", str(port))
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        idle_s = float(os.environ.get("FRAUDLINE_SERVERLESS_IDLE_S", SERVERLESS_IDLE_S))
        cloud = Cloud(state_dir.resolve(), listener.getsockname()[1], region, serverless_idle_s=idle_s)
        registry.load()
        lifecycle = Lifecycle(cloud)
        front = Front(cloud, lifecycle)
        config = uvicorn.Config(
            front,
            loop="uvloop",
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=5,
        )
        server = _Server(config, front, lifecycle)
        server.run([listener])
        if server.failure is not None:
            raise StartupError(f"a service did not start: {server.failure}") from server.failure


class _Server(uvicorn.Server):
    """uvicorn, with the areas' services between the open port and the closed one."""

    def __init__(self, config: uvicorn.Config, front: Front, lifecycle: Lifecycle) -> None:
        super().__init__(config)
        self._front = front
        self._lifecycle = lifecycle
        self._starting: asyncio.Task[None] | None = None
        self.failure: Exception | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn would raise the signal again at the end and so die of it; we end with exit code 0.
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._request_stop)
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._starting = asyncio.create_task(self._start_services())

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Services may still call this very port while they stop.
        if self._starting is not None:
            await asyncio.wait([self._starting])
        await asyncio.to_thread(self._lifecycle.stop)
        await super().shutdown(sockets)

    async def _start_services(self) -> None:
        try:
            await asyncio.to_thread(self._lifecycle.start)
        except Exception as error:
            logger.exception("a service did not start; the mirror stops")
            self.failure = error
            self.should_exit = True
            return
        self._front.ready = True

    def _request_stop(self) -> None:
        self._front.ready = False
        self.should_exit = True


@contextlib.contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise StartupError(
            f"port {port} is taken: stop what listens there (`fraudline down`), or choose another with --port"
        ) from error
    with listener:
        yield listener


@contextlib.contextmanager
def _locked(state_dir: Path) -> Iterator[None]:
    path = state_dir / "mirror.lock"
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StartupError(
                f"{state_dir} is in use by the mirror with pid {_owner(lock)}: stop it "
                "(`fraudline down`), or choose another directory with --state-dir"
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _owner(lock: IO[str]) -> str:
    lock.seek(0)
    return lock.read().strip() or "unknown"
