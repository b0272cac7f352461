"""Fixtures that start the mirror: tests that use them are `slow`."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.mirror.running import RunningMirror, free_port

StartMirror = Callable[[], RunningMirror]


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMirror]:
    """A running mirror with empty state, shared by the tests of one module."""
    running = RunningMirror(tmp_path_factory.mktemp("mirror"), free_port())
    running.start()
    yield running
    _end(running)


@pytest.fixture
def start_mirror(tmp_path: Path) -> Iterator[StartMirror]:
    """A function that starts a mirror of this test's own, to be killed and started again at will."""
    started: list[RunningMirror] = []

    def start() -> RunningMirror:
        running = RunningMirror(tmp_path / f"mirror-{len(started)}", free_port())
        running.start()
        started.append(running)
        return running

    yield start
    for running in started:
        _end(running)


def _end(running: RunningMirror) -> None:
    if running.process is not None and running.process.poll() is None:
        try:
            running.stop()
        except subprocess.TimeoutExpired:
            running.kill()
