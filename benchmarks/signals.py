"""Asking the bureau of this machine: what a question costs, and what hedging does to a slow tail."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Awaitable, Callable

import httpx
import msgspec
import uvloop

from benchmarks.results import record
from inference import signals
from inference.signals.asking import CacheLimits
from inference.signals.breaker import BreakerLimits
from inference.signals.document import AdapterSettings, SignalsFile
from inference.signals.hedge import HedgeLimits
from inference.signals.outputs import Output
from processing.events import Transaction

QUESTIONS = 1_000
SLOW_SHARE, SLOW_MS = 0.03, 100.0
HEDGE = HedgeLimits(quantile=0.95, after_ms=10, share=0.1)
OUTPUTS = {"risk": Output(at_least=0, at_most=1)}


def transaction(number: int) -> Transaction:
    """Of a user of its own."""
    return Transaction("t", f"u{number}", "m", 100, "EUR", 1_772_368_496_789, device="d")


def asking(url: str, hedge: HedgeLimits | None, cache: CacheLimits | None) -> signals.Signals:
    """Signals of one bureau, never left alone by the breaker."""
    adapter = AdapterSettings(
        "bureau",
        f"{url}/v1/risk",
        ("user_id", "device"),
        OUTPUTS,
        timeout_ms=400,
        cache=cache,
        hedge=hedge,
        breaker=BreakerLimits(window=10_000, least=10_000),
    )
    return signals.create(SignalsFile("1", 500, (adapter,)), {})


async def times(ask: Callable[[Transaction], Awaitable[object]], questions: int = QUESTIONS) -> list[float]:
    """Milliseconds of each question, one after the other, shortest first."""
    took = []
    for number in range(questions):
        started = time.perf_counter()
        await ask(transaction(number))
        took.append((time.perf_counter() - started) * 1000)
    return sorted(took)


async def run(url: str) -> None:
    fault(url, "none")
    plain = asking(url, None, None)
    async with httpx.AsyncClient() as client:

        async def by_httpx(asked: Transaction) -> object:
            question = msgspec.json.encode({"user_id": asked.user_id, "device": asked.device})
            return (await client.post(f"{url}/v1/risk", content=question)).json()

        await times(plain.gather, 100)
        ours, theirs = await times(plain.gather), await times(by_httpx)
    record(
        "bureau asked, p50", at(ours, 0.5), "ms", "the call alone by httpx", at(theirs, 0.5) / at(ours, 0.5)
    )
    cached = asking(url, None, CacheLimits())
    await cached.gather(transaction(0))
    started = time.perf_counter()
    for _ in range(10_000):
        cached.gather_now(transaction(0))
    record("bureau known from the cache", (time.perf_counter() - started) * 100, "us")
    fault(url, "slow", share=SLOW_SHARE, delay_ms=SLOW_MS)
    hedging = asking(url, HEDGE, None)
    slow, hedged = await times(plain.gather), await times(hedging.gather)
    for quantile in (0.98, 0.99):
        figure = at(hedged, quantile)
        name = f"bureau with {SLOW_SHARE:.0%} slow answers, p{quantile * 100:g}, hedged"
        record(name, figure, "ms", "asked once", at(slow, quantile) / figure)
    second = hedging.counters["bureau"]["hedged"] / QUESTIONS
    record("second calls of hedging", second * 100, "% of questions")
    for each in (plain, cached, hedging):
        await each.close()


def at(ordered: list[float], quantile: float) -> float:
    """A quantile of sorted values."""
    return ordered[int(quantile * len(ordered))]


def fault(url: str, mode: str, **fields: float) -> None:
    """Switch the bureau's fault."""
    body = json.dumps({"mode": mode, **fields}).encode()
    urllib.request.urlopen(urllib.request.Request(f"{url}/faults", body, method="PUT")).close()


def main() -> None:
    command = [sys.executable, "-m", "inference.signals.bureau", "--port", "0"]
    bureau = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert bureau.stdout is not None
        url = bureau.stdout.readline().split()[2].rstrip(",")
        uvloop.run(run(url))
    finally:
        bureau.terminate()
        bureau.wait()


if __name__ == "__main__":
    main()
