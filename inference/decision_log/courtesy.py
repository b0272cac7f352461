"""Lets the server go first: the shipper runs when nobody else wants the processor, unless it falls behind.

A process of lower priority still keeps a worker waiting until its slice is over, some milliseconds: one
decision in twenty would see that. An idle one gives way at once. It may be left no time at all while the
workers are busy, so once it is behind it takes its share like any process, until it has caught up.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

_TASKS = Path("/proc/self/task")


class Courtesy:
    """The scheduling class of this process, all its threads. On other systems than Linux it does nothing."""

    def __init__(self) -> None:
        self._idle = False

    def give_way(self, *, unless: bool = False) -> None:
        """Run only when nobody else does; with `unless`, like anybody."""
        if self._idle == (not unless) or not hasattr(os, "SCHED_IDLE"):
            return
        self._idle = not unless
        policy = os.SCHED_IDLE if self._idle else os.SCHED_OTHER
        for task in _TASKS.iterdir():
            # A thread may have ended; a container may not allow it: then the priority has to do.
            with contextlib.suppress(OSError):
                os.sched_setscheduler(int(task.name), policy, os.sched_param(0))
