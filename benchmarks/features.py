"""Window features of every transaction, from Parquet to matrix: the embedded engine against three others.

Usage: python -m benchmarks.features [FILE COLUMN_MAP]

Without a file, or one in FRAUDLINE_REFERENCE (its column map in FRAUDLINE_REFERENCE_COLUMNS, by default
docs/column-maps/handbook.toml), a million transactions are generated. The engine computes every feature of
the model; the others the subset in `features_baselines`, on the first rows if all would take too long.
Both count in their favour. Ratios are of transactions per second of CPU time in this run.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks import features_baselines as baselines
from benchmarks.results import record
from feature_groups import FEATURE_NAMES
from processing.engines.columns import EventColumns, FraudReports
from processing.engines.embedded import EmbeddedEngine
from processing.engines.job import FeatureJob
from processing.engines.source import load
from processing.generator import Scenario, generate

BATCH = 1 << 16
REPEATS = 3


class Cost(NamedTuple):
    """What some work took; `seconds` of wall time, `cpu` seconds of this process on all cores."""

    seconds: float
    cpu: float


@contextmanager
def one_core() -> Iterator[None]:
    """Keep this process, with the threads of its libraries, on one core."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def measure(work: Callable[[], object], repeats: int = 1) -> Cost:
    """The cheapest of some repeats."""
    costs = []
    for _ in range(repeats):
        began, cpu = time.perf_counter(), cpu_seconds()
        work()
        costs.append(Cost(time.perf_counter() - began, cpu_seconds() - cpu))
    return min(costs, key=lambda cost: cost.cpu)


def cpu_seconds() -> float:
    """CPU seconds of this process so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def embedded(job: FeatureJob, out: NDArray[np.float64]) -> None:
    """Write the features of the job's transactions into `out`."""
    apply(*load(job), out)


def apply(events: EventColumns, reports: FraudReports, out: NDArray[np.float64]) -> None:
    """Features of all transactions, in batches."""
    engine = EmbeddedEngine()
    engine.learn(reports)
    for start in range(0, len(events), BATCH):
        stop = min(start + BATCH, len(events))
        engine.apply(events.slice(start, stop), out[start:stop])


def main(job: FeatureJob, data: str) -> None:
    """Measure and record."""
    events, reports = load(job)
    rows = len(events)
    values = np.zeros((rows, len(FEATURE_NAMES)))
    apply(events, reports, values)  # compiles, too
    with one_core():
        whole = measure(lambda: embedded(job, values), REPEATS)
        alone = measure(lambda: apply(events, reports, values), REPEATS)
    record(f"features embedded, Parquet to matrix ({data})", rows / whole.seconds, "events/s on one core")
    record(f"features embedded, per CPU second ({data})", rows / whole.cpu, "events per CPU s")
    record(f"features embedded, engine alone ({data})", 1e9 * alone.cpu / rows, "ns of CPU per event")
    source = baselines.source(job)
    for name, run, most in baselines.BASELINES:
        few = min(rows, most)
        sample = baselines.first_rows(source, few)
        result: baselines.Features = {}
        cost = measure(lambda: result.update(run(sample)))  # noqa: B023 - called before the next round
        for feature, found in result.items():
            expected = values[:few, FEATURE_NAMES.index(feature)]
            np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6, err_msg=f"{name}: {feature}")
        ratio = (rows / whole.cpu) / (few / cost.cpu)
        record(
            f"features embedded against {name} ({data})",
            few / cost.cpu,
            f"events per CPU s of {name}: {len(result)} features, {few} rows",
            f"{name}, per CPU s",
            ratio,
        )


def reference() -> tuple[FeatureJob, str] | None:
    """The file on the command line or in the environment, if there is one."""
    given = sys.argv[1:] or [os.environ.get("FRAUDLINE_REFERENCE", "")]
    if not given[0]:
        return None
    columns = os.environ.get("FRAUDLINE_REFERENCE_COLUMNS", "docs/column-maps/handbook.toml")
    path = Path(given[0])
    return FeatureJob(path, Path(given[1] if len(given) > 1 else columns), path), path.stem


if __name__ == "__main__":
    found = reference()
    if found is not None:
        main(*found)
    else:
        with tempfile.TemporaryDirectory() as folder:
            generate(Scenario(events=1_000_000, days=60)).write(Path(folder))
            main(FeatureJob(Path(folder), None, Path(folder)), "generated")
