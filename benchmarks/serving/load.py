"""A client that costs little: all connections on one epoll, requests encoded beforehand.

    python -m benchmarks.serving.load PORT PLAN.json

In its own process, so that its time is not the server's. Closed loop: every connection sends its next
request when it has the answer. Open loop: requests come at random moments of a rate (a Poisson process),
whether or not earlier ones are answered, and wait for a free connection when they must; latency counts from
that moment, so a server that stalls is charged for everybody who waited.
"""

from __future__ import annotations

import json
import os
import random
import select
import socket
import subprocess
import sys
import tempfile
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

QUANTILES = (50.0, 95.0, 99.0, 99.9, 100.0)


@dataclass(frozen=True, slots=True)
class Load:
    """What a run measured.

    Attributes:
        rate: answers per second.
        latencies_ms: p50, p95, p99, p99.9 and the longest.
        answered: how many.
        refused: of them 503 with a Retry-After.
        failed: of them neither that nor 200.
    """

    rate: float
    latencies_ms: tuple[float, ...]
    answered: int
    refused: int
    failed: int


def offer(
    port: int,
    path: str,
    content_type: str,
    bodies: list[bytes],
    *,
    seconds: float,
    connections: int = 8,
    rate: float | None = None,
    core: int | None = None,
) -> Load:
    """Run the client in a process of its own.

    Args:
        rate: requests per second of an open loop; None closes it.
        core: the processor that the client may use.
    """
    plan = {
        "path": path, "content_type": content_type, "seconds": seconds, "connections": connections,
        "rate": rate, "core": core, "bodies": [body.decode() for body in bodies],
    }  # fmt: skip
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(plan, file)
        file.flush()
        done = subprocess.run(
            [sys.executable, "-m", __name__, str(port), file.name], stdout=subprocess.PIPE, check=True
        )
    found: dict[str, Any] = json.loads(done.stdout)
    return Load(**found | {"latencies_ms": tuple(found["latencies_ms"])})


class _Client:
    def __init__(self, port: int, plan: dict[str, Any]) -> None:
        head = f"POST {plan['path']} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {plan['content_type']}\r\n"
        self._requests = [
            f"{head}Content-Length: {len(body.encode())}\r\n\r\n".encode() + body.encode()
            for body in plan["bodies"]
        ]
        self._next = 0
        self._poll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        for _ in range(plan["connections"]):
            made = socket.create_connection(("127.0.0.1", port))
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets[made.fileno()] = made
            self._poll.register(made.fileno(), select.EPOLLIN)
        self._due: dict[int, float] = {}
        self._partly: dict[int, bytes] = {}
        self.latencies: list[float] = []
        self.refused = self.failed = 0

    def closed(self, seconds: float) -> float:
        """Seconds that it took."""
        began = time.perf_counter()
        end = began + seconds
        for number in self._sockets:
            self._send(number, time.perf_counter())
        while self._due:
            for number in self._answers(1.0):
                now = time.perf_counter()
                if now < end:
                    self._send(number, now)
        return time.perf_counter() - began

    def open(self, seconds: float, rate: float) -> float:
        """Seconds that it took."""
        draw = random.Random(1)
        free = deque(self._sockets)
        waiting: deque[float] = deque()
        began = time.perf_counter()
        due, end = began + draw.expovariate(rate), began + seconds
        while due < end or waiting or self._due:
            now = time.perf_counter()
            while due <= now and due < end:
                waiting.append(due)
                due += draw.expovariate(rate)
            while waiting and free:
                self._send(free.popleft(), waiting.popleft())
            # epoll waits whole milliseconds at least: below, it only looks.
            pause = due - time.perf_counter() if due < end else 1.0
            free.extend(self._answers(0.0 if pause < 0.002 else pause - 0.001))
        return time.perf_counter() - began

    def _send(self, number: int, due: float) -> None:
        self._due[number] = due
        self._sockets[number].sendall(self._requests[self._next])
        self._next = (self._next + 1) % len(self._requests)

    def _answers(self, timeout: float) -> list[int]:
        """Connections whose answer is complete."""
        done = []
        for number, _ in self._poll.poll(timeout):
            data = self._partly.pop(number, b"") + self._sockets[number].recv(1 << 16)
            if not data:
                raise SystemExit("the server closed a connection")
            if not _is_complete(data):
                self._partly[number] = data
                continue
            self.latencies.append(time.perf_counter() - self._due.pop(number))
            if data[9:12] != b"200":
                clean = (
                    data[9:12] == b"503" and b"\r\nretry-after: " in data[: data.index(b"\r\n\r\n")].lower()
                )
                self.refused += clean
                self.failed += not clean
            done.append(number)
        return done


def _is_complete(data: bytes) -> bool:
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return False
    head = data[:end].lower()
    if b"chunked" in head:
        return data.endswith(b"0\r\n\r\n")
    at = head.index(b"content-length:") + 15
    return len(data) - end - 4 >= int(head[at : head.find(b"\r\n", at) if b"\r\n" in head[at:] else None])


def main(port: int, plan: dict[str, Any]) -> None:
    """Print what was measured."""
    if plan["core"] is not None:
        os.sched_setaffinity(0, {plan["core"]})
    client = _Client(port, plan)
    rate = plan["rate"]
    took = client.closed(plan["seconds"]) if rate is None else client.open(plan["seconds"], rate)
    quantiles = np.percentile(np.array(client.latencies) * 1000, QUANTILES)
    answered = len(client.latencies)
    print(
        json.dumps(
            {
                "rate": answered / took,
                "latencies_ms": quantiles.tolist(),
                "answered": answered,
                "refused": client.refused,
                "failed": client.failed,
            }
        )
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text()))
