"""Services start in order, stop in reverse, and a failure stops the start."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from mirror.cloud import Cloud
from mirror.server import lifecycle
from mirror.server.lifecycle import Lifecycle


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []

    def service(name: str, failing: str = "") -> None:
        module = ModuleType(name)

        def act(verb: str, _cloud: Cloud) -> None:
            found.append(f"{verb} {name}")
            if verb == failing:
                raise RuntimeError(f"{name} cannot {verb}")

        module.__dict__["start"] = lambda cloud: act("start", cloud)
        module.__dict__["stop"] = lambda cloud: act("stop", cloud)
        monkeypatch.setitem(sys.modules, name, module)

    service("first")
    service("second", failing="stop")
    service("third", failing="start")
    return found


def test_services_stop_in_reverse_even_when_one_fails(
    calls: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(lifecycle, "SERVICES", ("first", "second"))
    running = Lifecycle(Cloud(tmp_path))
    running.start()
    assert running.areas == {"first": "running", "second": "running"}
    running.stop()
    assert calls == ["start first", "start second", "stop second", "stop first"]
    assert running.areas == {"first": "stopped", "second": "stopped"}


def test_a_service_that_cannot_start_is_named(
    calls: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(lifecycle, "SERVICES", ("first", "third", "second"))
    running = Lifecycle(Cloud(tmp_path))
    with pytest.raises(RuntimeError, match="third cannot start"):
        running.start()
    assert running.areas["third"] == "failed: third cannot start"
    assert calls == ["start first", "start third"]
