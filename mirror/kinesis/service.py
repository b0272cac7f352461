"""Background work of Kinesis: trims records that have passed their stream's retention."""

from __future__ import annotations

import threading
from pathlib import Path

from mirror.cloud import Cloud
from mirror.kinesis import data

_TICK_S = 30.0


class _Trimmer:
    def __init__(self, cloud: Cloud) -> None:
        self._plane = data.of(cloud)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kinesis", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(_TICK_S):
            for stream in self._plane.streams.all():
                while self._plane.log.trim(stream) and not self._stopping.is_set():
                    pass


_trimmers: dict[Path, _Trimmer] = {}


def start(cloud: Cloud) -> None:
    """Start the background thread."""
    _trimmers[cloud.state_dir] = _Trimmer(cloud)
    _trimmers[cloud.state_dir].start()


def stop(cloud: Cloud) -> None:
    """Stop it."""
    _trimmers.pop(cloud.state_dir).stop()
