"""The bureau of the demonstration answers, or the demonstration goes on without it."""

from __future__ import annotations

import json
import socket
import urllib.request
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from inference import signals
from mirror.demo.bureau import PORT, SIGNALS_FILE, open_bureau
from mirror.demo.run import PROJECT, Run
from tests.mirror.running import free_port


def told(folder: Path) -> tuple[Run, list[str]]:
    lines: list[str] = []
    screen: Any = SimpleNamespace(line=lines.append)
    return cast(Run, SimpleNamespace(screen=screen, folder=folder)), lines


def test_the_bureau_answers_what_the_endpoint_is_deployed_to_ask(tmp_path: Path) -> None:
    (asked,) = signals.load(PROJECT / SIGNALS_FILE, {}).adapter
    assert f":{PORT}/" in asked.url
    run, lines = told(tmp_path)
    port = free_port()
    with open_bureau(run, port):
        question = json.dumps({"user_id": "u-1", "device": "phone"}).encode()
        with urllib.request.urlopen(asked.url.replace(str(PORT), str(port)), question) as response:
            answer = json.load(response)
    assert answer.keys() >= asked.outputs.keys()
    assert f"a bureau answers on port {port}" in lines[0]
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0  # it is gone with the block


def test_a_taken_port_is_told_and_nothing_fails(tmp_path: Path) -> None:
    run, lines = told(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken, open_bureau(run, taken.getsockname()[1]):
        assert len(lines) == 1
    assert "no bureau of the demonstration" in lines[0]
    assert "cannot listen on" in lines[0]
