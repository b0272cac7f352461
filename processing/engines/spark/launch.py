"""Running the job on this machine, in the environment of Spark."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from processing.engines.job import EngineError, FeatureJob, Summary
from processing.sources.column_map import ColumnMap, ColumnMapError
from processing.sources.files import read_source

_PROJECT = Path(__file__).parents[3]
_LINES_OF_LOG = 30


def run(job: FeatureJob) -> Summary:
    """Compute the features of a job with Spark in local mode.

    Raises:
        EngineError: Spark is not installed, or the job cannot be done; the message has the reason.
    """
    began = time.perf_counter()
    job.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{job.out.name}.", dir=job.out.parent) as scratch:
        parts = Path(scratch) / "features"
        arguments = [*_inputs(job, Path(scratch)), "--out", str(parts)]
        done = run_in_spark("processing.engines.spark", arguments, Path(scratch))
        (part,) = parts.glob("part-*.parquet")
        part.replace(job.out)
    return Summary(
        engine="spark",
        rows=done["rows"],
        users=done["users"],
        merchants=done["merchants"],
        seconds=time.perf_counter() - began,
        cpu_seconds=done["cpu_seconds"],
        out=job.out,
    )


def _inputs(job: FeatureJob, scratch: Path) -> list[str]:
    options: dict[str, object | None] = {"--columns": job.columns, "--limit": job.limit}
    if job.source.is_dir():
        options["--source"] = job.source / "transactions.parquet"
        options["--labels"] = job.labels or job.source / "labels.parquet"
        users = job.source / "users.parquet"
        options["--users"] = users if users.exists() else None
    elif job.columns is None:
        raise EngineError(f"{job.source} is a file: name its column map with --columns")
    else:
        options["--source"] = job.source if job.source.suffix == ".parquet" else _as_parquet(job, scratch)
        options["--labels"] = job.labels
    # Absolute: the job runs in another folder.
    return [
        text
        for name, value in options.items()
        if value is not None
        for text in (name, str(value.absolute() if isinstance(value, Path) else value))
    ]


def _as_parquet(job: FeatureJob, scratch: Path) -> Path:
    """A text file as Parquet: its types are found by reading all of it, which is no job for many."""
    assert job.columns is not None
    converted = scratch / "source.parquet"
    try:
        pq.write_table(read_source(job.source, ColumnMap.load(job.columns)), converted)
    except (ColumnMapError, FileNotFoundError) as error:
        raise EngineError(str(error)) from error
    return converted


def run_in_spark(module: str, arguments: list[str], scratch: Path) -> dict[str, Any]:
    """Run a module in the environment of Spark to its end; the JSON in the last line it printed.

    Args:
        scratch: its working folder, also for what Spark spills.

    Raises:
        EngineError: Spark is not installed, the module failed, or it printed an ``error``.
    """
    python = Path(sys.prefix) / "engines" / "spark" / "bin" / "python"
    if not python.exists():
        raise EngineError(f"Spark is not installed ({python} is missing): run `make engines`")
    # JAVA_HOME and SPARK_HOME of another installation would be taken before our own.
    environment = {k: v for k, v in os.environ.items() if k not in ("JAVA_HOME", "SPARK_HOME", "PYTHONPATH")}
    environment |= {
        "PATH": f"{python.parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONPATH": str(_PROJECT),
        "SPARK_LOCAL_DIRS": str(scratch),
    }
    job = subprocess.run(
        [python, "-m", module, *arguments],
        env=environment,
        cwd=scratch,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = job.stdout.splitlines()
    try:
        outcome: dict[str, Any] = json.loads(lines[-1])
    except (IndexError, json.JSONDecodeError):
        log = "\n".join(job.stderr.splitlines()[-_LINES_OF_LOG:])
        raise EngineError(f"Spark ended with exit code {job.returncode}; its last lines:\n{log}") from None
    if "error" in outcome:
        raise EngineError(outcome["error"])
    return outcome
