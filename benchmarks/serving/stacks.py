"""Each stack as it is started, on one processor and with one worker."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from feature_groups import FEATURE_NAMES
from pipelines.evaluation.serving.server import settings

_ROOT = Path(__file__).parents[2]
_BASELINES = Path(sys.prefix) / "engines" / "baselines" / "bin"
_START_S = 90.0
_ROWS = 500


@dataclass(frozen=True, slots=True)
class Stack:
    """A server and what it is sent.

    Attributes:
        process: of which the children count too.
    """

    port: int
    path: str
    content_type: str
    bodies: list[bytes]
    process: psutil.Process

    def cpu_s(self) -> float:
        """Processor time of all its processes that live."""
        times = [one.cpu_times() for one in (self.process, *self.process.children(recursive=True))]
        return float(sum(one.user + one.system for one in times))


@contextmanager
def fraudline(model: Path, store: Path, scratch: Path, bodies: list[bytes], core: int) -> Iterator[Stack]:
    """Ours: decode, read, 50 features, score, exact reasons, decision, log.

    Its shipper has the same processor, and delivers to the audit's Parquet files: a stream would need a
    server on these processors.
    """
    port = _free_port()
    environ = settings(model, store, scratch, port)
    with _started([sys.executable, "-m", "inference", "serve"], environ, port, "/ping", core) as process:
        yield Stack(port, "/invocations", "application/json", bodies, process)


@contextmanager
def sagemaker_xgboost(model: Path, core: int, *, reasons: bool) -> Iterator[Stack]:
    """The XGBoost container's handler."""
    port = _free_port()
    command = [
        str(_BASELINES / "gunicorn"), "--worker-class", "gevent", "--workers", "1",
        "--bind", f"127.0.0.1:{port}", "--log-level", "error",
        "benchmarks.serving.baselines.sagemaker_xgboost:app",
    ]  # fmt: skip
    environ = {"MODEL_FILE": str(model / "model.ubj"), "REASONS": str(int(reasons))}
    bodies = [",".join(map(str, row)).encode() for row in _rows()]
    with _started(command, environ, port, "/ping", core) as process:
        yield Stack(port, "/invocations", "text/csv", bodies, process)


@contextmanager
def mlserver(model: Path, folder: Path, core: int) -> Iterator[Stack]:
    """MLServer without its worker processes, which cost it more than they bring with one processor."""
    port = _free_port()
    folder.mkdir(exist_ok=True)
    (folder / "settings.json").write_text(
        json.dumps(
            {
                "debug": False, "host": "127.0.0.1", "http_port": port, "grpc_port": _free_port(),
                "metrics_port": _free_port(), "parallel_workers": 0, "environments_dir": str(folder),
                "access_logs": False,
            }
        )
    )  # fmt: skip
    implementation = "benchmarks.serving.baselines.mlserver_xgboost.Fraud"
    (folder / "model-settings.json").write_text(
        json.dumps({"name": "fraud", "implementation": implementation})
    )
    environ = {"MODEL_FILE": str(model / "model.ubj")}
    bodies = [_v2(row) for row in _rows()]
    command = [str(_BASELINES / "mlserver"), "start", str(folder)]
    with _started(command, environ, port, "/v2/models/fraud/ready", core) as process:
        yield Stack(port, "/v2/models/fraud/infer", "application/json", bodies, process)


@contextmanager
def bentoml(model: Path, folder: Path, core: int) -> Iterator[Stack]:
    """BentoML's service."""
    port = _free_port()
    command = [
        str(_BASELINES / "bentoml"), "serve", "benchmarks.serving.baselines.bentoml_xgboost:Fraud",
        "--host", "127.0.0.1", "--port", str(port), "--working-dir", str(_ROOT),
    ]  # fmt: skip
    environ = {
        "MODEL_FILE": str(model / "model.ubj"),
        "BENTOML_HOME": str(folder),
        "BENTOML_DO_NOT_TRACK": "True",
    }
    bodies = [json.dumps({"rows": [row]}).encode() for row in _rows()]
    with _started(command, environ, port, "/readyz", core) as process:
        yield Stack(port, "/predict", "application/json", bodies, process)


def _rows() -> list[list[float]]:
    rows = np.random.default_rng(2).normal(size=(_ROWS, len(FEATURE_NAMES))).astype(np.float32)
    return [[round(float(value), 6) for value in row] for row in rows]


def _v2(row: list[float]) -> bytes:
    tensor = {"name": "rows", "shape": [1, len(row)], "datatype": "FP32", "data": row}
    return json.dumps({"inputs": [tensor]}).encode()


@contextmanager
def _started(
    command: list[str], environ: dict[str, str], port: int, ready: str, core: int
) -> Iterator[psutil.Process]:
    """Run a server on one processor until the block ends."""
    process = subprocess.Popen(
        command,
        env={"PATH": f"{_BASELINES}:{os.environ['PATH']}", "HOME": os.environ.get("HOME", "/"),
             "PYTHONPATH": str(_ROOT), "OMP_NUM_THREADS": "1", **environ},
        cwd=_ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )  # fmt: skip
    try:
        _wait(process, f"http://127.0.0.1:{port}{ready}")
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        try:
            process.communicate(timeout=15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.communicate()


def _wait(process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + _START_S
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                said = process.communicate()[1].decode(errors="replace")
                raise RuntimeError(f"{process.args!r} did not start: {error}\n{said}") from error
            time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
