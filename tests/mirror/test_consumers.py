"""The consumer supervisor: one process per deployed environment, restarted with back-off."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mirror.cloud import Cloud
from mirror.consumers import FIRST_BACKOFF_S, LAST_BACKOFF_S, Supervisor

REPORT = """
import json, os, pathlib, time
state = pathlib.Path(os.environ["FRAUDLINE_CONSUMER_STATE"])
(state / "seen.json").write_text(json.dumps(dict(os.environ)))
time.sleep(60)
"""
CRASH = "import sys; sys.exit(7)"


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[[str, set[str]], Supervisor]]:
    made: list[Supervisor] = []

    def build(script: str, deployed: set[str]) -> Supervisor:
        cloud = Cloud(tmp_path, port=9)
        command = (sys.executable, "-c", script)
        made.append(Supervisor(cloud, lambda: iter(sorted(deployed)), command=command))
        return made[-1]

    yield build
    for supervisor in made:
        supervisor.stop()


def _wait(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _read(file: Path) -> str:
    _wait(lambda: file.exists() and file.stat().st_size)
    return file.read_text()


def test_a_consumer_runs_for_each_environment_with_its_variables(
    make: Callable[[str, set[str]], Supervisor], tmp_path: Path
) -> None:
    supervisor = make(REPORT, {"dev", "blue-2"})
    supervisor.tick(0.0)
    for environment in ("dev", "blue-2"):
        seen = tmp_path / "consumers" / environment / "seen.json"
        text = _read(seen)
        assert f'"FRAUDLINE_ENVIRONMENT": "{environment}"' in text
        assert f"fraudline-{environment}-lake-123456789012-us-east-1" in text
        assert '"AWS_ENDPOINT_URL": "http://127.0.0.1:9"' in text


def test_a_running_consumer_is_left_alone(make: Callable[[str, set[str]], Supervisor]) -> None:
    supervisor = make(REPORT, {"dev"})
    supervisor.tick(0.0)
    pid = supervisor.pid("dev")
    supervisor.tick(100.0)
    assert supervisor.pid("dev") == pid is not None


def test_a_crashing_consumer_is_restarted_ever_more_slowly(
    make: Callable[[str, set[str]], Supervisor], tmp_path: Path
) -> None:
    supervisor = make(CRASH, {"dev"})
    now, waits = 0.0, []
    for _ in range(8):
        supervisor.tick(now)
        _wait(lambda: supervisor.pid("dev") is None)
        supervisor.tick(now)  # notices the death
        consumer = supervisor._consumers["dev"]
        waits.append(consumer.not_before - now)
        supervisor.tick(now + waits[-1] / 2)
        assert consumer.process is None, "restarted before its time"
        now = consumer.not_before
    assert waits[0] == 2 * FIRST_BACKOFF_S
    assert waits == sorted(waits)
    assert waits[-1] == LAST_BACKOFF_S


def test_a_consumer_that_lived_long_is_restarted_at_once(
    make: Callable[[str, set[str]], Supervisor],
) -> None:
    supervisor = make(CRASH, {"dev"})
    supervisor.tick(0.0)
    _wait(lambda: supervisor.pid("dev") is None)
    supervisor.tick(1_000.0)
    assert supervisor._consumers["dev"].not_before == 1_000.0 + FIRST_BACKOFF_S


def test_a_deleted_stream_ends_its_consumer_and_forgets_its_offsets(
    make: Callable[[str, set[str]], Supervisor], tmp_path: Path
) -> None:
    deployed = {"dev"}
    supervisor = make(REPORT, deployed)
    supervisor.tick(0.0)
    state = tmp_path / "consumers" / "dev"
    assert state.exists()
    deployed.clear()
    supervisor.tick(1.0)
    assert supervisor.pid("dev") is None
    assert not state.exists()


def test_a_stream_that_flink_processes_has_no_consumer(
    make: Callable[[str, set[str]], Supervisor], tmp_path: Path
) -> None:
    supervisor = make(REPORT, {"dev", "blue"})
    flink: set[str] = set()
    supervisor.elsewhere = lambda: flink
    supervisor.tick(0.0)
    blue = supervisor.pid("blue")
    assert supervisor.pid("dev") is not None
    flink.add("dev")
    supervisor.tick(1.0)
    assert (supervisor.pid("dev"), supervisor.pid("blue")) == (None, blue)
    assert (tmp_path / "consumers" / "dev").exists(), "it goes on where it was when it comes back"
    flink.clear()
    supervisor.tick(2.0)
    assert supervisor.pid("dev") is not None
