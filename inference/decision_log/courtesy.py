"""Lets the server go first: the shipper runs when nobody else wants the processor, unless it falls behind.

A process of lower priority still keeps a worker waiting until its slice is over, some milliseconds: one
decision in twenty would see that. An idle one gives way at once. It may be left no time at all while the
workers are busy, so once it is behind it takes its share like any process, until it has caught up.
"""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path

_TASKS = Path("/proc/self/task")


class Courtesy:
    """The scheduling class of this process's threads, but for the one that decides, which is never idle.

    Args:
        allowed: whether threads may become idle; by default it is tried. Anybody may make a thread idle,
            and without CAP_SYS_NICE (a container's default) a nice one never becomes anything else again.
    """

    def __init__(self, *, allowed: bool | None = None) -> None:
        self.allowed = _may_return() if allowed is None else allowed
        self._idle: set[int] = set()

    def give_way(self, *, unless: bool = False) -> None:
        """Let the other threads run only when nobody else does; with `unless`, like anybody."""
        if not self.allowed:
            return
        own = threading.get_native_id()
        threads = {int(task.name) for task in _TASKS.iterdir()} - {own}
        self._idle &= threads
        for thread in self._idle if unless else threads - self._idle:
            _schedule(thread, idle=not unless)
        self._idle = set() if unless else threads


def _schedule(thread: int, *, idle: bool) -> None:
    with contextlib.suppress(ProcessLookupError):  # it has ended
        os.sched_setscheduler(thread, os.SCHED_IDLE if idle else os.SCHED_OTHER, os.sched_param(0))


def _may_return() -> bool:
    """Whether a thread that was made idle may be made what it was; tried with one that then ends."""
    if not hasattr(os, "SCHED_IDLE") or not _TASKS.is_dir():
        return False
    found: list[bool] = []

    def attempt() -> None:
        try:
            for idle in (True, False):
                _schedule(0, idle=idle)
        except OSError:
            return
        found.append(True)

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    return bool(found)
