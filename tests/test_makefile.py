"""`make` alone explains every target in one line."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
TARGETS = {
    "help",
    "demo",
    "test",
    "check",
    "bench",
    "drill",
    "baselines",
    "engines",
    "flink-connector",
    "install",
    "clean",
}


def test_make_alone_prints_one_line_for_each_target() -> None:
    result = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    lines = re.findall(r"^  make ([\w-]+) +\S.*$", result.stdout, re.MULTILINE)
    assert set(lines) == TARGETS
    assert len(lines) == len(result.stdout.splitlines())


def test_continuous_integration_runs_make_test() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    assert script.read_text().rstrip().endswith("exec make test")
