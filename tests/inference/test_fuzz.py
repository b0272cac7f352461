"""Whatever bytes come: a clean answer or a closed connection, no crash, no growth."""

from __future__ import annotations

import os
import random
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.inference import fuzzing
from tests.inference.running import Server, Store

ALLOWED = {200, 400, 404, 405, 408, 413, 415, 422, 431, 501, 503}
MOST_GROWTH_BYTES = 24 << 20
_CLIENTS = 4


@pytest.fixture
def target(bundle_dir: Path, store: Store) -> Iterator[Server]:
    running = Server(bundle_dir, store.url, {"FRAUDLINE_AUDIT_URI": ""}).start()
    yield running
    running.stop()


def _answer(client: socket.socket) -> int | None:
    """The status of one answer, read in full; None when the connection was closed."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = client.recv(65_536)
        if not part:
            return None
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    if head.startswith(b"HTTP/1.1 100"):
        return 100
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    while len(body) < length:
        body += client.recv(65_536)
    return int(head[9:12])


def _fuzz(port: int, seed: int, count: int, found: Counter[str]) -> None:
    rng = random.Random(seed)
    client: socket.socket | None = None
    for _ in range(count):
        if client is None:
            client = socket.create_connection(("127.0.0.1", port), timeout=0.4)
        try:
            client.sendall(fuzzing.request(rng))
            status = _answer(client)
        except TimeoutError:  # the head announced more than came
            status = 0
        except OSError:
            status = None
        found["closed" if status is None else "waits" if status == 0 else str(status)] += 1
        # What follows a mangled request on its connection is anybody's guess: begin anew.
        if status != 200:
            client.close()
            client = None
    if client is not None:
        client.close()


def _run(server: Server, count: int) -> Counter[str]:
    found: Counter[str] = Counter()
    counted = [Counter[str]() for _ in range(_CLIENTS)]
    threads = [
        threading.Thread(target=_fuzz, args=(server.port, seed, count // _CLIENTS, mine))
        for seed, mine in enumerate(counted)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for mine in counted:
        found.update(mine)
    return found


def _memory(server: Server) -> int:
    process = psutil.Process(server.process.pid)
    return sum(one.memory_info().rss for one in [process, *process.children()])


def _workers(server: Server) -> set[int]:
    return {child.pid for child in psutil.Process(server.process.pid).children()}


def _hold(server: Server, count: int, most_growth: int) -> Counter[str]:
    _run(server, max(2_000, count // 10))  # what is remembered, pools and caches included
    memory, workers = _memory(server), _workers(server)
    found = _run(server, count)
    statuses = {int(name) for name in found if name.isdigit()}
    assert statuses <= ALLOWED, found
    assert found["200"] > count / 20
    assert _workers(server) == workers  # nobody died
    assert _memory(server) - memory < most_growth
    assert server.decide()["decided_by"] == "model"
    return found


@pytest.mark.slow
def test_mutated_requests(target: Server) -> None:
    _hold(target, 4_000, 3 * MOST_GROWTH_BYTES)  # the shipper may have a backlog on a busy machine


@pytest.mark.drill
@pytest.mark.timeout(3_000)
def test_two_hundred_thousand_mutated_requests(target: Server) -> None:
    print(dict(_hold(target, int(os.environ.get("FRAUDLINE_FUZZ", "200000")), MOST_GROWTH_BYTES)))
