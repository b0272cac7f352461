"""The decision server as a process on loopback, and what one client of it sees."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.steps.container import StepError, opt_ml

_START_S = 600.0  # a first start may compile, on a machine that is busy
_WARM_UP, _ROUNDS = 100, 3
_QUANTILES = (50, 95, 99)


def settings(model: Path, store: Path, scratch: Path, port: int) -> dict[str, str]:
    """Environment of a server of one worker on loopback, which reads a store and logs to files."""
    return {
        "SM_MODEL_DIR": str(model),
        "SAGEMAKER_BIND_TO_PORT": str(port),
        "FRAUDLINE_BIND_HOST": "127.0.0.1",
        "FRAUDLINE_WORKERS": "1",
        "FRAUDLINE_REPLAY": "1",
        "FRAUDLINE_FEATURE_BACKEND": "lmdb",
        "FRAUDLINE_LMDB_PATH": str(store),
        "FRAUDLINE_SPOOL_DIR": str(scratch / "spool"),
        "FRAUDLINE_LOG_STREAM": "off",
        "FRAUDLINE_AUDIT_URI": str(scratch / "audit"),
    }


@contextmanager
def served(model: Path, store: Path, scratch: Path) -> Iterator[int]:
    """``python -m inference serve`` with one worker; yields its port.

    Raises:
        StepError: it does not start; the message has its last words.
    """
    port = _free_port()
    environ = {
        **os.environ,
        "PYTHONPATH": _of_the_image(os.environ.get("PYTHONPATH", "")),
        **settings(model, store, scratch, port),
        "FRAUDLINE_DECISION_BUDGET_MS": "60000",  # what is slow is to be measured, not answered by rules
        "FRAUDLINE_READ_BUDGET_MS": "10000",
    }
    environ.pop("PYTHONSAFEPATH", None)
    log = scratch / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "inference", "serve"],
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _await(process, port, log)
        yield port
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def measure(port: int, bodies: Sequence[bytes]) -> dict[str, Any]:
    """Round trips of one request at a time, on one connection: p50, p95 and p99 in milliseconds.

    Of three rounds the fastest counts: another process can only add to what the model takes.

    Raises:
        StepError: the model did not decide a request.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for number in range(_WARM_UP):
        _ask(connection, bodies[number % len(bodies)])
    rounds = []
    for _ in range(_ROUNDS):
        elapsed = [_ask(connection, body) for body in bodies]
        rounds.append(np.percentile(np.array(elapsed) * 1000, _QUANTILES))
    connection.close()
    fastest = min(rounds, key=lambda quantiles: float(quantiles[1]))
    found = {f"p{level}_ms": round(float(ms), 3) for level, ms in zip(_QUANTILES, fastest, strict=True)}
    return {"requests": len(bodies), "rounds": _ROUNDS, **found}


def _ask(connection: http.client.HTTPConnection, body: bytes) -> float:
    """Seconds from the request to the whole answer."""
    start = time.perf_counter()
    connection.request("POST", "/invocations", body, {"content-type": "application/json"})
    response = connection.getresponse()
    raw = response.read()
    took = time.perf_counter() - start
    answer = json.loads(raw)
    if response.status != 200 or answer["fallback_reason"]:
        raise StepError(
            f"serving: the model did not decide {body.decode()}: {response.status} {raw.decode()}"
        )
    return took


def _of_the_image(path: str) -> str:
    """Where the image has its packages: the code of the pipeline is not what will serve."""
    packed = str(opt_ml() / "processing" / "input" / "code")
    return os.pathsep.join(part for part in path.split(os.pathsep) if part and not part.startswith(packed))


def _await(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while process.poll() is None and time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("GET", "/ping")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.1)
    said = log.read_text(errors="replace").strip()[-600:]
    raise StepError(f"serving: the server does not start with this model; its last words: {said}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
