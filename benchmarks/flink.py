"""Flink with checkpoints on, user and merchant features: transactions per second and core.

    python -m benchmarks.flink [file] [column map]

The file defaults to ``FRAUDLINE_REFERENCE``; without either, transactions are generated.

The baseline is the same job in process mode, which hands every bundle to a Python process, over a tenth of
the rows. Per core is per second of processor time of everything that runs: Java, and Python inside it.
Starting Flink is measured by a job over one chunk and taken off.
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks.features import reference
from benchmarks.results import record
from processing.engines.flink.environment import run_module
from processing.engines.flink.log import CHUNK, Log
from processing.engines.job import FeatureJob
from processing.engines.source import load
from processing.generator import Scenario, generate

ROWS = 200_000
CHECKPOINT_MS = 5_000


def measure(job: FeatureJob, rows: int, mode: str) -> tuple[float, float]:
    """Seconds and processor seconds of the job over the first rows of a source."""
    events, frauds = load(replace(job, limit=rows))
    os.environ["FRAUDLINE_FLINK_MODE"] = mode
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        Log.write(folder, events, frauds)
        arguments = {
            "folder": name,
            "rows": len(events),
            "checkpoints": (folder / "checkpoints").as_uri(),
            "interval_ms": CHECKPOINT_MS,
        }
        run_module("processing.engines.flink.replay", json.dumps(arguments))
        report = json.loads((folder / "report.json").read_text())
    return report["job_seconds"], report["cpu_seconds"]


def per_core(job: FeatureJob, rows: int, mode: str) -> float:
    """Rows per processor second, without what starting takes."""
    _, start = measure(job, CHUNK, mode)
    seconds, cpu_seconds = measure(job, rows, mode)
    print(f"{mode}: {rows:,} rows in {seconds:.1f} s, {cpu_seconds:.1f} CPU s, {start:.1f} of them to start")
    return (rows - CHUNK) / (cpu_seconds - start)


def main(job: FeatureJob, data: str) -> None:
    """Measure both modes and record the ratio."""
    measure(job, CHUNK, "thread")  # compiles the kernel, once per machine
    thread = per_core(job, ROWS, "thread")
    process = per_core(job, ROWS // 10, "process")
    name = f"features flink, checkpoints on ({data})"
    record(name, thread, "events per CPU s", "Flink's process mode, per CPU s", thread / process)


if __name__ == "__main__":
    found = reference()
    if found is not None:
        main(*found)
    else:
        with tempfile.TemporaryDirectory() as folder:
            generate(Scenario(events=ROWS, days=60)).write(Path(folder))
            main(FeatureJob(Path(folder), None, Path(folder)), "generated")
