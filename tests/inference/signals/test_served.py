"""The server asks the bureau, and answers within its budget when the bureau does not."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from inference.signals.bureau.answers import answer
from tests.inference.running import Server, Store
from tests.inference.signals.bureaus import DECLARED, Bureau

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(
    running: Bureau, bundle_dir: Path, store: Store, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    path = tmp_path_factory.mktemp("signals") / "signals.toml"
    # Longer than declared: this machine may be busy with other tests.
    changes = {
        "http://127.0.0.1:8090": running.url,
        "budget_ms = 50": "budget_ms = 250",
        "timeout_ms = 40": "timeout_ms = 200",
        "least = 10": "least = 4",
        "open_s = 5": "open_s = 60",
    }
    text = DECLARED.read_text()
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)
    extra = {"FRAUDLINE_SIGNALS_FILE": str(path), "FRAUDLINE_WORKERS": "1"}
    serving = Server(bundle_dir, store.url, extra).start()
    yield serving
    serving.stop()


def _risky(device: str) -> str:
    users = (f"u{number}" for number in range(100_000))
    return next(user for user in users if float(answer({"user_id": user, "device": device})["risk"]) >= 0.9)


def _count(server: Server, outcome: str) -> int:
    """How many questions had this outcome, as Prometheus reads it."""
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics") as response:
        lines = response.read().decode().splitlines()
    start = f'fraudline_signals_total{{adapter="bureau",outcome="{outcome}"}} '
    return next(int(float(line.removeprefix(start))) for line in lines if line.startswith(start))


def test_what_the_bureau_says_changes_a_decision(server: Server, bureau: Bureau) -> None:
    said = server.decide(user_id=_risky("phone"), amount=3.0)
    assert said["signals"]["bureau.risk"] >= 0.9
    assert "bureau-risk-review" in said["rules_matched"]
    assert said["decision"] in ("review", "decline")
    again = server.decide(user_id=_risky("phone"), amount=4.0)
    assert again["signals"] == said["signals"]
    assert _count(server, "cached") == 1


def test_a_hung_bureau_never_holds_an_answer_up(server: Server, bureau: Bureau) -> None:
    bureau.fault("hang")
    took = []
    for number in range(20):
        started = time.perf_counter()
        said = server.decide(user_id=f"unseen-{number}")
        took.append(time.perf_counter() - started)
        assert said["signals"] == {"bureau.risk": None, "bureau.device_reputation": None}
        assert said["decided_by"] == "model"
    assert max(took) < 1.0
    assert _count(server, "timed_out") in (3, 4)  # then the breaker opened
    assert _count(server, "timed_out") + _count(server, "open") == 20


def test_a_bad_signals_file_is_named(bundle_dir: Path, store: Store, tmp_path: Path) -> None:
    path = tmp_path / "signals.toml"
    path.write_text("version = 1")
    server = Server(bundle_dir, store.url, {"FRAUDLINE_SIGNALS_FILE": str(path)})
    output = server.launch().communicate(timeout=60)[0]
    assert (server.process.returncode, str(path) in output) == (1, True)
