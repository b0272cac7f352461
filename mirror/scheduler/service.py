"""Lifecycle of the scheduler: a clock that ticks once a second."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from mirror.cloud import Cloud
from mirror.documents import utcnow
from mirror.scheduler.firing import Firing

log = logging.getLogger(__name__)

_TICK_S = 1.0
_clocks: dict[Path, _Clock] = {}


class _Clock(threading.Thread):
    def __init__(self, cloud: Cloud) -> None:
        super().__init__(name="scheduler", daemon=True)
        self._firing = Firing(cloud, utcnow())
        self._stopping = threading.Event()

    def run(self) -> None:
        while not self._stopping.wait(_TICK_S):
            try:
                self._firing.tick(utcnow())
            except Exception:  # the clock outlives a schedule it cannot handle
                log.exception("tick")

    def stop(self) -> None:
        self._stopping.set()
        self.join()


def start(cloud: Cloud) -> None:
    """Fire schedules from now on; what was due while the mirror was down is not made up for."""
    _clocks[cloud.state_dir] = clock = _Clock(cloud)
    clock.start()


def stop(cloud: Cloud) -> None:
    _clocks.pop(cloud.state_dir).stop()
