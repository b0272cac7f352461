"""Child processes of the mirror: own process group, own log file, gone when the mirror is gone."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _die_with_parent() -> None:
    # A mirror that is killed with SIGKILL cannot stop its children; on Linux the kernel does.
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Processes:
    """Starts child processes and stops every one of them at shutdown."""

    def __init__(self, log_dir: Path) -> None:
        self.log_dir = log_dir
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        # The kernel ties a child's parent-death signal to the thread that forked it, so that
        # thread has to live as long as the mirror does.
        self._forker = ThreadPoolExecutor(1, thread_name_prefix="forker")

    def start(
        self,
        name: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path | None = None,
        log: Path | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start `argv` with exactly `env`; output is appended to ``<log_dir>/<name>.log`` or `log`."""
        log = log or self.log_dir / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            process = self._forker.submit(
                subprocess.Popen,
                argv,
                env=dict(env),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            ).result()
        with self._lock:
            self._running = {p for p in self._running if p.poll() is None} | {process}
        return process

    def stop(self, process: subprocess.Popen[bytes], grace: float = 5.0) -> int:
        """SIGTERM the child's group, SIGKILL it after `grace` seconds; returns the exit code."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            code = process.wait(grace)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            code = process.wait()
        with self._lock:
            self._running.discard(process)
        return code

    def stop_all(self) -> None:
        """Stop every child that still runs."""
        with self._lock:
            running = list(self._running)
        for process in running:
            self.stop(process)
