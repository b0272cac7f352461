"""The mirror from outside: find the process that serves a state directory, start it, stop it.

The server holds a lock on ``<state_dir>/mirror.lock`` and writes its pid there, so a process that
died leaves no stale claim: the kernel drops the lock with it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mirror.cloud import DEFAULT_PORT, DEFAULT_REGION

LOCK = "mirror.lock"
PORT = "mirror.port"
LOG = "logs/mirror.log"
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 30.0
# What `up --fresh` may delete: a directory with any of these was written by a mirror.
_MARKS = (LOCK, PORT, "documents")


class MirrorError(Exception):
    """The mirror could not be started, stopped or reached; the message says why and what to do."""


def state_dir_option() -> Path:
    """Where the state lives: ``$FRAUDLINE_STATE_DIR``, else ``.fraudline`` in the current directory."""
    return Path(os.environ.get("FRAUDLINE_STATE_DIR", ".fraudline"))


@dataclass(frozen=True)
class Mirror:
    """A mirror process, running or not, identified by its state directory."""

    state_dir: Path

    @property
    def log(self) -> Path:
        return self.state_dir / LOG

    def pid(self) -> int | None:
        """Process id of the server that holds the lock; None when there is none."""
        try:
            lock = (self.state_dir / LOCK).open("r+")
        except FileNotFoundError:
            return None
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                text = lock.read().strip()
                return int(text) if text.isdecimal() else None
            return None

    def port(self) -> int:
        """The port it was last started on."""
        with contextlib.suppress(FileNotFoundError, ValueError):
            return int((self.state_dir / PORT).read_text())
        return DEFAULT_PORT

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self.port()}"

    def health(self) -> dict[str, Any] | None:
        """What ``/_fraudline/health`` answers, ready or still starting; None when nothing answers."""
        return health(self.port())

    def start(
        self,
        port: int = DEFAULT_PORT,
        region: str = DEFAULT_REGION,
        environ: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Start the server in a session of its own and wait until it is ready; returns its health.

        Args:
            port: on 127.0.0.1; 0 picks a free one.
            environ: variables on top of this process's own.

        Raises:
            MirrorError: the port is taken, the state directory is in use, or the server died.
        """
        if (pid := self.pid()) is not None:
            raise MirrorError(
                f"a mirror already runs on {self.state_dir} (pid {pid}, port {self.port()}): "
                "use it, stop it with `fraudline down`, or choose another --state-dir"
            )
        if port and _taken(port):
            other = health(port)
            who = f"a mirror (pid {other['pid']})" if other else "another program"
            raise MirrorError(f"port {port} is taken by {who}: stop it, or choose another port with --port")
        port = port or _free_port()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        (self.state_dir / PORT).write_text(str(port))
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                server_command(port, self.state_dir, region),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, **(environ or {})},
            )
        return self._wait_until_ready(process, port)

    def stop(self) -> int | None:
        """Stop the server and wait for it; returns its pid, or None when none ran.

        Raises:
            MirrorError: it did not end in time, even after SIGKILL.
        """
        pid = self.pid()
        if pid is None:
            return None
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
            if self._wait_until_gone():
                return pid
        raise MirrorError(f"the mirror with pid {pid} does not end; see {self.log}")

    def wipe(self) -> None:
        """Delete the state directory.

        Raises:
            MirrorError: a mirror runs on it, or it does not look like a mirror's state.
        """
        if not self.state_dir.exists():
            return
        if (pid := self.pid()) is not None:
            raise MirrorError(f"{self.state_dir} is in use (pid {pid}): run `fraudline down` first")
        names = {path.name for path in self.state_dir.iterdir()}
        if names and names.isdisjoint(_MARKS):
            raise MirrorError(f"{self.state_dir} is not a mirror's state directory: not deleting it")
        shutil.rmtree(self.state_dir)

    def _wait_until_ready(self, process: subprocess.Popen[bytes], port: int) -> dict[str, Any]:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            found = health(port)
            if found is not None and found["pid"] == process.pid and found["status"] == "ready":
                return found
            if process.poll() is not None:
                raise MirrorError(
                    f"the mirror ended at once (exit code {process.returncode}): {_tail(self.log)}\n"
                    f"The whole log: {self.log}"
                )
            time.sleep(0.05)
        process.terminate()
        raise MirrorError(f"the mirror was not ready after {START_TIMEOUT_S:.0f} s; see {self.log}")

    def _wait_until_gone(self) -> bool:
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while time.monotonic() < deadline:
            if self.pid() is None:
                return True
            time.sleep(0.05)
        return False


def server_command(port: int, state_dir: Path, region: str) -> list[str]:
    """The command line of the server."""
    return [
        sys.executable, "-m", "mirror.server",
        "--port", str(port), "--state-dir", str(state_dir), "--region", region,
    ]  # fmt: skip


def health(port: int) -> dict[str, Any] | None:
    """Health document of the mirror on `port`; None when no mirror answers there."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_fraudline/health", timeout=5) as answer:
            body = answer.read()
    except urllib.error.HTTPError as error:
        body = error.read()  # 503 while it starts
    except OSError:
        return None
    try:
        document: dict[str, Any] = json.loads(body)
    except ValueError:
        return None
    return document if "pid" in document else None


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _tail(path: Path, lines: int = 5) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
