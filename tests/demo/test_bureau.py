"""The bureau of the demonstration answers, or the demonstration goes on without it."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import Any, cast

import httpx
import msgspec

from inference.signals import SignalsFile
from mirror.demo.bureau import PORT, SIGNALS_FILE, open_bureau
from mirror.demo.run import PROJECT, Run


def told() -> tuple[Run, list[str]]:
    lines: list[str] = []
    screen: Any = SimpleNamespace(line=lines.append)
    return cast(Run, SimpleNamespace(screen=screen)), lines


def test_the_bureau_answers_what_the_endpoint_is_deployed_to_ask() -> None:
    asked = msgspec.toml.decode((PROJECT / SIGNALS_FILE).read_bytes(), type=SignalsFile)
    assert f":{PORT}/" in asked.adapter[0].url
    run, lines = told()
    with open_bureau(run, port=0):
        address = lines[0].removeprefix("[dim]bureau on ").removesuffix("[/]")
        answer = httpx.post(f"{address}/v1/risk", json={"user_id": "u-1", "device": "phone"}).json()
    assert answer.keys() >= asked.adapter[0].outputs.keys()


def test_a_taken_port_is_told_and_nothing_fails() -> None:
    run, lines = told()
    with socket.create_server(("127.0.0.1", 0)) as taken, open_bureau(run, port=taken.getsockname()[1]):
        assert len(lines) == 1
    assert "no bureau" in lines[0]
    assert "cannot listen on" in lines[0]
