"""Replays one log through two engines and compares what they give."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from processing.engines.job import ENGINES, EngineError, FeatureJob
from processing.parity.report import Parity
from processing.parity.tables import compare_files

PYTHON = "python"
"""The embedded engine with the kernel in plain Python."""

SIDES = (*ENGINES, PYTHON)

_ROOT = Path(__file__).resolve().parents[2]
_TAIL = 2_000  # characters of a failed process's output that are shown


def replay(left: str, right: str, job: FeatureJob | None, keep: Path | None = None) -> Parity:
    """Compare two sides, each one of `SIDES` or the path of a feature table.

    Args:
        job: what the engines compute; its `out` is not used. None when both sides are tables.
        keep: folder for the tables that engines write; by default they are deleted.

    Raises:
        EngineError: an engine cannot run, or there is no job for it.
        FileNotFoundError, TableError: a path is no feature table.
    """
    with tempfile.TemporaryDirectory(prefix="parity-") as folder:
        out = keep or Path(folder)
        out.mkdir(parents=True, exist_ok=True)
        tables = [_table(side, name, job, out) for side, name in (("left", left), ("right", right))]
        return compare_files(tables[0], tables[1], (left, right))


def _table(side: str, name: str, job: FeatureJob | None, out: Path) -> Path:
    if name not in SIDES:
        path = Path(name)
        if not path.exists():
            raise FileNotFoundError(f"--{side} {name}: neither a file nor one of {', '.join(SIDES)}")
        return path
    if job is None:
        raise EngineError(f"--{side} {name}: name the log with --source")
    job = replace(job, out=out / f"{side}-{name}.parquet")
    if name == PYTHON:
        _run_in_python(job)
    else:
        import_module(f"processing.engines.{name}").run(job)
    return job.out


def _run_in_python(job: FeatureJob) -> None:
    """Which kernel runs is decided when it is imported: this takes a process of its own."""
    environ = {**os.environ, "FRAUDLINE_KERNEL": "python", "PYTHONPATH": _path()}
    command = [sys.executable, "-m", "processing.parity.replay", json.dumps(job.as_dict())]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise EngineError(f"the kernel in plain Python failed:\n{(done.stderr or done.stdout)[-_TAIL:]}")


def _path() -> str:
    return os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))


if __name__ == "__main__":
    import_module("processing.engines.embedded").run(FeatureJob.from_dict(json.loads(sys.argv[1])))
