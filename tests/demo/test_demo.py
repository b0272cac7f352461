"""The demonstration itself, small: everything real, and the figures add up."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from mirror.demo.bureau import PORT
from processing.generator import Scenario, generate

PROJECT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_transactions_go_through_the_whole_platform(tmp_path: Path) -> None:
    # More fraud than in life, so that a small set has enough of it to learn from.
    generate(Scenario(events=20_000, days=35, seed=5, fraud_rate=0.02)).write(tmp_path / "set")
    state = tmp_path / "state"
    command = [
        sys.executable, "-m", "fraudline", "demo", "--json", "--port", "0", "--state-dir", str(state),
        "--source", str(tmp_path / "set"), "--days", "35", "--live-events", "150",
    ]  # fmt: skip
    bureau_listens = _is_free(PORT)
    result = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[-4_000:]
    document = json.loads(result.stdout)
    assert document["succeeded"] is True
    assert document["adds_up"] is True
    events = document["events"]
    refused = sum(events["dead_letters"].values()) + events["duplicates"]
    assert events["accepted"] + refused == events["sent"] > 19_000
    assert document["model"]["auc"] >= 0.9
    assert document["decided_by"]["model"] > 0.9 * 150
    assert sum(document["decisions"].values()) == 150
    if bureau_listens:  # else somebody else has its port, and says what it wants
        assert document["told_by_the_bureau"] > 0.9 * 150
    assert set(document["latency_ms"]) == {"p50", "p95", "p99"}
    parity = document["parity"]
    assert parity["ok"] is True
    assert (parity["decisions"], parity["mismatched"], parity["unmatched"]) == (150, 0, 0)
    assert parity["equal"] + parity["late"] + parity["without_features"] == 150
    assert parity["equal"] > 75
    assert sum(parity["late_reasons"].values()) >= parity["late"]
    for picture in document["model"]["pictures"]:
        assert Path(picture).read_bytes().startswith(b"\x89PNG")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
