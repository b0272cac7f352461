"""Starts, kills and restarts real mirror processes for tests."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mirror.cloud import Cloud

_READY_S = 60.0


@dataclass
class RunningMirror(Cloud):
    """A `Cloud` whose process this test owns. Logs go to ``<state_dir>/mirror.log``."""

    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start ``python -m mirror.server`` on `port` and wait until it is ready."""
        self.state_dir.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "mirror.server", "--port", str(self.port)),
                    *("--state-dir", str(self.state_dir), "--region", self.region),
                ],
                env={**os.environ, "FRAUDLINE_CHECK_SHAPES": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + _READY_S
        while self.health().get("status") != "ready":
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                raise AssertionError(f"the mirror did not start:\n{self.log.read_text()}")
            time.sleep(0.05)

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(30)

    def kill(self) -> None:
        """SIGKILL: nothing gets a chance to clean up."""
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(30)

    def health(self) -> dict[str, Any]:
        """The health document; empty when nobody answers yet."""
        try:
            with urllib.request.urlopen(f"{self.endpoint_url}/_fraudline/health", timeout=2) as response:
                document: dict[str, Any] = json.load(response)
        except urllib.error.HTTPError as error:
            document = json.load(error)
        except OSError:
            return {}
        return document

    @property
    def log(self) -> Path:
        return self.state_dir / "mirror.log"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
