"""Customers who call the server at a steady rate, and everything that they saw."""

from __future__ import annotations

import gc
import http.client
import json
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.inference.running import GOOD, Server


@dataclass(frozen=True, slots=True)
class Seen:
    """One answer.

    Attributes:
        status: 0 when the connection was lost.
        ms: since the request was due.
        retry_after: the header, None without one.
    """

    status: int
    ms: float
    retry_after: str | None
    answer: dict[str, Any]


@dataclass
class Clients:
    """`count` connections that send `rate` requests per second together, in the background of a block."""

    server: Server
    rate: float = 100.0
    count: int = 8
    seen: list[Seen] = field(default_factory=list)

    def __enter__(self) -> Clients:
        # Walking through all that pytest has imported takes this process 300 ms, which are not the server's.
        gc.collect()
        gc.freeze()
        self._stop = threading.Event()
        self._number = iter(range(10_000_000))
        self._threads = [threading.Thread(target=self._run, args=(n,)) for n in range(self.count)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        gc.unfreeze()

    def during(self, seconds: float) -> list[Seen]:
        """What is seen in the next seconds."""
        before = len(self.seen)
        time.sleep(seconds)
        return self.seen[before:]

    def _run(self, number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=10)
        pause = self.count / self.rate
        due = time.perf_counter() + pause * number / self.count
        while not self._stop.is_set():
            time.sleep(max(0.0, due - time.perf_counter()))
            # A client that was kept waiting by its last answer is not late for this one.
            due = max(due, time.perf_counter() - 0.005)
            self.seen.append(self._ask(connection, due))
            due += pause

    def _ask(self, connection: http.client.HTTPConnection, due: float) -> Seen:
        body = json.dumps(GOOD | {"transaction_id": f"drill-{next(self._number)}"})
        try:
            connection.request("POST", "/invocations", body, {"content-type": "application/json"})
            response = connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            return Seen(0, 1000 * (time.perf_counter() - due), None, {})
        took = 1000 * (time.perf_counter() - due)
        return Seen(response.status, took, response.getheader("retry-after"), json.loads(content or "{}"))


def held(name: str, seen: list[Seen], score: float, *, most_ms: float = 200.0) -> None:
    """Everybody got a right answer in time, or was told when to ask again.

    The rules may decide at any time, with the reason: a store on a busy machine can miss its 50 ms.

    Args:
        score: what the model says of every transaction that is asked.
    """
    assert seen, name
    for one in seen:
        assert one.status in (200, 503), (name, one)
        if one.status == 503:
            assert int(one.retry_after or "") >= 1, (name, one)
            continue
        answer = one.answer
        if answer["fallback_reason"] is None:
            assert answer["score"] == score, (name, one)
        else:
            assert (answer["decided_by"], answer["score"]) == ("rules", None), (name, one)
    answered = np.array([one.ms for one in seen if one.status == 200])
    p50, p99, worst = np.percentile(answered, [50, 99, 100]) if answered.size else (np.nan,) * 3
    by_rules = sum(one.status == 200 and one.answer["fallback_reason"] is not None for one in seen)
    server = max((one.answer["latency_ms"] for one in seen if one.status == 200), default=np.nan)
    print(
        f"{name}: {len(seen)} requests, {answered.size} answered, {by_rules} of them by the rules, "
        f"{len(seen) - answered.size} told to come again; p50 {p50:.1f}, p99 {p99:.1f}, "
        f"longest {worst:.1f} ms, {server:.1f} in the server"
    )
    assert not answered.size or worst < most_ms, name
