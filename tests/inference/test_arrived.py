"""Bytes that were read and never accounted for are noticed."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator

import pytest

from inference.server import arrived
from inference.server.arrived import lost


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as client,
    ):
        server, _ = listener.accept()
        with server:
            yield client, server


@pytest.mark.skipif(
    sys.platform != "linux", reason="other kernels do not tell how many bytes a socket received"
)
def test_what_was_read_has_to_be_accounted_for(pair: tuple[socket.socket, socket.socket]) -> None:
    client, server = pair
    assert not lost(server, 0)
    client.sendall(b"x" * 1_000)
    time.sleep(0.05)
    assert not lost(server, 0)  # it is all there to be read
    server.recv(400)
    assert lost(server, 0)
    assert not lost(server, 400)
    client.sendall(b"y" * 50_000)
    time.sleep(0.05)
    assert not lost(server, 400)
    rest = 50_600
    while rest:
        rest -= len(server.recv(rest))
    assert lost(server, 50_999)
    assert not lost(server, 51_000)


def test_where_it_cannot_be_told_nothing_counts_as_lost(
    pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, server = pair
    client.sendall(b"x")
    server.recv(1)
    monkeypatch.setattr(arrived, "_TCP_INFO", None)
    assert not lost(server, 0)
