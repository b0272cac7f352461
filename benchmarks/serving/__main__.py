"""One server process on one processor, eight clients on the other, a model of 600 trees everywhere.

    python -m benchmarks.serving            # needs `make baselines`

The others are sent 50 features and only score; ours is sent the transaction and does the whole job. Their
rows have no missing values. Rounds go through all stacks, because the machine is not equally fast all the
time; of each stack the run in the middle counts.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.results import record
from benchmarks.serving import stacks
from benchmarks.serving.load import Load, offer
from benchmarks.serving.stacks import Stack
from benchmarks.serving.world import populate
from benchmarks.trained import bundle_dir

_TREES = 600
_SERVER_CORE, _CLIENT_CORE = 0, 1
_CLIENTS = 8
_ROUNDS = 3
_WARM_S, _SECONDS = 3.0, 8.0
_OURS = "Fraudline"
_SHOWN = ("p50", "p95", "p99", "p99.9")
_OPEN_SHARE, _OPEN_S, _OPEN_CONNECTIONS = 0.6, 30.0, 64

Start = Callable[[], AbstractContextManager[Stack]]


@dataclass(frozen=True, slots=True)
class Run:
    """A closed loop of eight clients, and the server's processor time for it."""

    load: Load
    cpu_us: float


def _closed(stack: Stack, seconds: float = _SECONDS) -> Run:
    at = partial(offer, stack.port, stack.path, stack.content_type, stack.bodies, core=_CLIENT_CORE)
    at(seconds=_WARM_S, connections=_CLIENTS)
    before = stack.cpu_s()
    load = at(seconds=seconds, connections=_CLIENTS)
    if load.refused or load.failed:
        raise RuntimeError(
            f"{load.refused + load.failed} of {load.answered} answers of {stack.path} were not 200"
        )
    return Run(load, 1e6 * (stack.cpu_s() - before) / load.answered)


def _open(stack: Stack, rate: float) -> Load:
    return offer(
        stack.port,
        stack.path,
        stack.content_type,
        stack.bodies,
        seconds=_OPEN_S,
        connections=_OPEN_CONNECTIONS,
        rate=rate,
        core=_CLIENT_CORE,
    )


def _print(name: str, run: Run) -> None:
    latencies = " ".join(f"{value:8.2f}" for value in run.load.latencies_ms)
    print(
        f"{name:<44} {run.load.rate:8,.0f}/s  p50 p95 p99 p99.9 max {latencies} ms  {run.cpu_us:7.0f} us CPU"
    )


def main() -> None:
    """Measure and record."""
    model = bundle_dir(_TREES)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        bodies = populate(folder / "store")
        started: dict[str, Start] = {
            _OURS: partial(stacks.fraudline, model, folder / "store", folder, bodies, _SERVER_CORE),
            "SageMaker XGBoost handler with reasons": partial(
                stacks.sagemaker_xgboost, model, _SERVER_CORE, reasons=True
            ),
            "SageMaker XGBoost handler without reasons": partial(
                stacks.sagemaker_xgboost, model, _SERVER_CORE, reasons=False
            ),
            "MLServer, scores only": partial(stacks.mlserver, model, folder / "mlserver", _SERVER_CORE),
            "BentoML, scores only": partial(stacks.bentoml, model, folder / "bentoml", _SERVER_CORE),
        }
        runs: dict[str, list[Run]] = {name: [] for name in started}
        for _ in range(_ROUNDS):
            for name, start in started.items():
                with start() as stack:
                    runs[name].append(_closed(stack))
                    _print(name, runs[name][-1])
        middle = {
            name: sorted(them, key=lambda run: run.load.rate)[_ROUNDS // 2] for name, them in runs.items()
        }
        own = middle.pop(_OURS)
        with started[_OURS]() as stack:
            paced = _open(stack, _OPEN_SHARE * own.load.rate)
        _record(own, middle, paced)


def _record(own: Run, found: dict[str, Run], paced: Load) -> None:
    name = f"serving, {_TREES} trees, {_CLIENTS} clients, one core"
    record(f"{name}: Fraudline", own.load.rate, "decisions/s")
    for label, value in zip(_SHOWN, own.load.latencies_ms, strict=False):
        record(f"{name}: Fraudline {label}", value, "ms")
    record(f"{name}: Fraudline CPU", own.cpu_us, "us per decision, all processes")
    for other, run in found.items():
        record(f"{name}: against {other}", own.load.rate, "decisions/s", other, own.load.rate / run.load.rate)
        p99, theirs = own.load.latencies_ms[2], run.load.latencies_ms[2]
        record(f"{name}: p99 against {other}", p99, "ms", other, theirs / p99)
        record(f"{name}: CPU against {other}", own.cpu_us, "us per decision", other, run.cpu_us / own.cpu_us)
        record(f"{name}: {other}", run.load.rate, "requests/s")
    for label, value in zip(_SHOWN, paced.latencies_ms, strict=False):
        record(f"serving, open loop at 60 % of capacity, {_TREES} trees: {label}", value, "ms")
    if paced.refused or paced.failed:
        raise RuntimeError(f"{paced.refused + paced.failed} of {paced.answered} answers at 60 % were not 200")


if __name__ == "__main__":
    main()
