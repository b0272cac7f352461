"""Kills writers under load, and knows what they had acknowledged."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

from tests.inference.decision_log.writer import RECORDS

_STRIDE = 10_000_000  # numbers of records; no two writers share one


class Writers:
    """Successive generations of workers.

    Args:
        pause_s: between two flushes of a worker.

    Attributes:
        acknowledged: ids of records whose `append` had returned.
    """

    def __init__(self, folder: Path, pause_s: float = 0.0) -> None:
        self._folder, self._pause_s = folder, pause_s
        self._started = 0
        self.acknowledged: set[str] = set()

    def run_and_kill(self, count: int, seconds: float) -> None:
        """Start some at once, and kill each with SIGKILL at a moment of its own."""
        running = [self._start() for _ in range(count)]
        for process in running:
            assert process.stdout is not None
            self._acknowledge(process.stdout.readline())  # it works
            time.sleep(random.uniform(0, seconds))
            process.kill()
        for process in running:
            out, _ = process.communicate()
            # The last line may be torn, as the record behind it may be.
            for line in out.rpartition(b"\n")[0].split():
                self._acknowledge(line)

    def _acknowledge(self, line: bytes) -> None:
        self.acknowledged |= {f"d-{number:08d}" for number in range(int(line), int(line) + RECORDS)}

    def _start(self) -> subprocess.Popen[bytes]:
        module = "tests.inference.decision_log.writer"
        first = self._started * _STRIDE
        self._started += 1
        command = [sys.executable, "-m", module, str(self._folder), f"worker-{first}", str(first)]
        command.append(str(self._pause_s))
        return subprocess.Popen(command, stdout=subprocess.PIPE)
