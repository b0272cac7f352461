"""Which AWS a command talks to: the environment's, a mirror's, or the real one; never another silently."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from processing.commands import target


class _Health(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"pid": 1, "path": self.path}).encode())

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def port() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), _Health)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("FRAUDLINE_STATE_DIR", str(tmp_path))


def test_the_environment_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, port: int) -> None:
    (tmp_path / "mirror.port").write_text(str(port))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert target.resolve().description == "http://127.0.0.1:1 (AWS_ENDPOINT_URL)"


def test_a_running_mirror_comes_next(tmp_path: Path, port: int) -> None:
    (tmp_path / "mirror.port").write_text(str(port))
    found = target.resolve()
    assert found.description == f"the mirror at http://127.0.0.1:{port}"
    assert found.client("sagemaker").meta.endpoint_url == f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("text", [None, "nonsense", "1"])
def test_without_either_it_is_aws_and_says_so(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "mirror.port").write_text(text)
    assert target.resolve().description == "AWS, region eu-west-1"
