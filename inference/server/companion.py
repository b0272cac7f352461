"""A process that runs beside the workers: started again when it ends, with growing pauses."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time

_PAUSE_S = (0.5, 10.0)
_LONG_ENOUGH_S = 30.0

log = logging.getLogger("inference")


class Companion:
    """``python -m MODULE`` at a lower priority than the workers.

    It begins with SIGTERM blocked, and unblocks it when it knows what to do then: a signal that comes while
    Python is still starting is kept for it, instead of ending it with its work undone.

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
            preexec_fn=_prepare,
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
        """SIGTERM, and SIGKILL when it takes too long. One that has ended is started for what is left."""
        if self._process is None or self._process.poll() is not None:
            self.start()
        assert self._process is not None
        self._process.terminate()
        try:
            code = self._process.wait(self._stop_seconds)
        except subprocess.TimeoutExpired:
            log.error("%s does not end: killed", self._module)
            self._process.kill()
            code = self._process.wait()
        if code:
            log.error("%s ended (%d) with something left to do", self._module, code)


def _prepare() -> None:
    os.nice(10)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
