"""Watching a job's process: its output, its time limit, and the request to stop it."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from typing import Literal

from mirror.jobs.logs import LogStream
from mirror.processes import Processes

Cause = Literal["exit", "stopped", "timeout"]
_POLL_SECONDS = 0.1
_GRACE_SECONDS = 10.0  # SageMaker allows 120; a laptop's user waits for this


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a process ended.

    Args:
        cause: by itself, by a request to stop, or at its time limit.
        code: exit code; negative for a signal, as in `subprocess`.
    """

    cause: Cause
    code: int

    @property
    def succeeded(self) -> bool:
        return self.cause == "exit" and self.code == 0

    def failure(self, message: str) -> str:
        """The job's FailureReason, in SageMaker's form: who is to blame, what was said, exit code."""
        if self.code < 0:
            name = signal.Signals(-self.code).name
            return f"InternalServerError: the job's process was killed by {name}. {message}".strip()
        return f"AlgorithmError: {message or 'no output'}, exit code: {self.code}"


def supervise(
    processes: Processes,
    process: subprocess.Popen[bytes],
    log: LogStream,
    stop: threading.Event,
    limit_seconds: float,
) -> Outcome:
    """Follow `process` to its end, ending it with its whole group when told or when out of time."""
    deadline = time.monotonic() + limit_seconds
    cause: Cause = "exit"
    while process.poll() is None:
        if stop.wait(_POLL_SECONDS):
            cause = "stopped"
        elif time.monotonic() > deadline:
            cause = "timeout"
        log.drain()
        if cause != "exit":
            break
    code = processes.stop(process, _GRACE_SECONDS)  # also what the command left running
    log.drain()
    return Outcome(cause, code)
