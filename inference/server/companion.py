"""A process that runs beside the workers: started again when it ends, with growing pauses."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time

_PAUSE_S = (0.5, 10.0)
_LONG_ENOUGH_S = 30.0

log = logging.getLogger("inference")


class Companion:
    """``python -m MODULE`` at a lower priority than the workers.

    Args:
        stop_seconds: how long it may take to end.
    """

    def __init__(self, module: str, stop_seconds: float) -> None:
        self._module, self._stop_seconds = module, stop_seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._started = self._start_at = 0.0
        self._pause = _PAUSE_S[0]

    def start(self) -> None:
        """Start the process."""
        self._started = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, "-m", self._module],
            preexec_fn=_lower_priority,
        )

    def tend(self) -> None:
        """Start it again when it has ended and its pause is over."""
        now = time.monotonic()
        if self._process is not None and self._process.poll() is not None:
            if now - self._started > _LONG_ENOUGH_S:
                self._pause = _PAUSE_S[0]
            log.error(
                "%s ended (%d): starting again in %.1f s", self._module, self._process.returncode, self._pause
            )
            self._process = None
            self._start_at = now + self._pause
            self._pause = min(2 * self._pause, _PAUSE_S[1])
        elif self._process is None and now >= self._start_at:
            self.start()

    def stop(self) -> None:
        """SIGTERM, and SIGKILL when it takes too long."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(self._stop_seconds)
        except subprocess.TimeoutExpired:
            log.error("%s does not end: killed", self._module)
            self._process.kill()
            self._process.wait()


def _lower_priority() -> None:
    os.nice(10)
