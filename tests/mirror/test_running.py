"""Starting and stopping the mirror as a user does: every way it can go wrong says what to do."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from fraudline import main
from mirror.running import LOCK, Mirror, MirrorError, health


def _invoke(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, arguments)
    return result.exit_code, result.output


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "state"
    yield folder
    Mirror(folder).stop()


def test_nothing_runs_on_a_new_directory(state: Path) -> None:
    assert Mirror(state).pid() is None
    assert _invoke("status", "--state-dir", str(state))[0] == 3
    assert _invoke("down", "--state-dir", str(state)) == (0, f"No mirror runs on {state}\n")


def test_a_lock_file_that_a_dead_process_left_claims_nothing(state: Path) -> None:
    state.mkdir()
    (state / LOCK).write_text("1")
    assert Mirror(state).pid() is None


def test_a_taken_port_is_named_with_the_fix(state: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        code, output = _invoke("up", "--port", str(port), "--state-dir", str(state))
    assert code == 1
    assert f"port {port} is taken by another program" in output
    assert "--port" in output


def test_only_the_state_of_a_mirror_is_ever_deleted(state: Path) -> None:
    state.mkdir()
    (state / "thesis.txt").write_text("years of work")
    with pytest.raises(MirrorError, match="not a mirror's state"):
        Mirror(state).wipe()
    assert (state / "thesis.txt").exists()


@pytest.mark.slow
def test_up_status_and_down(state: Path) -> None:
    code, output = _invoke("up", "--port", "0", "--state-dir", str(state), "--json")
    assert code == 0, output
    started = json.loads(output)
    port = started["port"]
    code, output = _invoke("status", "--state-dir", str(state), "--json")
    assert code == 0
    found = json.loads(output)
    assert found["status"] == "ready"
    assert found["pid"] == started["pid"]
    assert found["areas"]["mirror.consumers"] == "running"

    code, output = _invoke("up", "--port", "0", "--state-dir", str(state))
    assert code == 1
    assert f"already runs on {state} (pid {started['pid']}, port {port})" in output
    code, output = _invoke("up", "--port", str(port), "--state-dir", f"{state}-other")
    assert code == 1
    assert f"port {port} is taken by a mirror (pid {started['pid']})" in output
    code, output = _invoke("up", "--fresh", "--port", "0", "--state-dir", str(state))
    assert code == 1
    assert "is in use" in output

    assert _invoke("down", "--state-dir", str(state))[0] == 0
    assert health(port) is None
    code, output = _invoke("up", "--fresh", "--port", "0", "--state-dir", str(state))
    assert code == 0, output
