"""The server's image: what it leaves out, the server does not need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_server_imports_nothing_that_its_image_leaves_out() -> None:
    lines = (ROOT / "inference" / "Dockerfile.dockerignore").read_text().splitlines()
    left_out = [line.replace("/", ".") for line in lines if line.startswith("processing/")]
    assert {"processing.commands", "processing.generator", "processing.sources"} <= set(left_out)
    assert all((ROOT / name.replace(".", "/")).is_dir() for name in left_out)
    # What the server starts beside itself imports its sinks when it needs them.
    shipper = sorted((ROOT / "inference" / "decision_log").rglob("*.py"))
    modules = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in shipper]
    code = f"import inference.__main__, inference.server, sys, {', '.join(modules)}; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert [name for name in loaded.stdout.split() if name.startswith(tuple(left_out))] == []
