"""One real run of the steps, shared by the tests that read its results."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipelines.bundles import CodeBundles, build_bundles
from tests.pipelines import lake

EVALUATE = [
    "-m", "pipelines.steps.evaluate", "--champion", "none", "--minimum-auc", "0.6",
    "--minimum-average-precision", "0.05", "--tolerance", "0.005", "--slowest-ms", "500",
]  # fmt: skip


@dataclass(frozen=True)
class Containers:
    """Where each step's /opt/ml was."""

    features: Path
    training: Path
    serving: Path
    evaluation: Path


@pytest.fixture(scope="session")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> CodeBundles:
    return build_bundles(tmp_path_factory.mktemp("bundles"))


def run_step(command: list[str], opt_ml: Path, code: Path, **extra: str) -> subprocess.CompletedProcess[str]:
    """Run a step as its container does: own folder, own PYTHONPATH, no credentials."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(code),
        "PYTHONSAFEPATH": "1",
        "FRAUDLINE_OPT_ML": str(opt_ml),
        "OMP_NUM_THREADS": "1",
        # Equal bits without compiling for these few rows; tests on a mirror run the compiled kernel.
        "FRAUDLINE_KERNEL": "python",
        **extra,
    }
    return subprocess.run(
        [sys.executable, *command], env=environment, cwd=opt_ml, capture_output=True, text=True, timeout=240
    )


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory, bundles: CodeBundles) -> Containers:
    """features, train and evaluate as subprocesses on the packed code."""
    root = tmp_path_factory.mktemp("run")
    done = Containers(root / "features", root / "training", root / "serving", root / "evaluation")
    rows = lake.transactions()
    lake.write_lake(done.features, rows, lake.labels(rows))
    command = ["-m", "pipelines.steps.features", "--as-of", lake.NIGHT, "--history-days", "40"]
    result = run_step(command, done.features, bundles.processing)
    assert result.returncode == 0, result.stderr

    outputs = done.features / "processing" / "output"
    for name in ("train", "validation", "manifest"):
        shutil.copytree(outputs / name, done.training / "input" / "data" / name)
    code = root / "code"
    with tarfile.open(bundles.training) as archive:
        archive.extractall(code, filter="data")
    result = run_step([str(code / "train.py"), "--rounds", "120"], done.training, code)
    assert result.returncode == 0, result.stderr
    (done.training / "stdout").write_text(result.stdout)

    inputs = done.evaluation / "processing" / "input"
    for name in ("test", "manifest", "quality"):
        shutil.copytree(outputs / name, inputs / name)
    (inputs / "model").mkdir()
    with tarfile.open(inputs / "model" / "model.tar.gz", "w:gz") as archive:
        archive.add(done.training / "model", arcname=".")
    (inputs / "champion").mkdir()
    (inputs / "champion" / "champion.json").write_text(json.dumps({"package": "none"}))

    for name in ("test", "model", "manifest"):
        shutil.copytree(inputs / name, done.serving / "processing" / "input" / name)
    result = run_step(["-m", "pipelines.steps.serving"], done.serving, bundles.processing)
    assert result.returncode == 0, result.stderr
    shutil.copytree(done.serving / "processing" / "output" / "serving", inputs / "serving")

    result = run_step(EVALUATE, done.evaluation, bundles.processing)
    assert result.returncode == 0, result.stderr
    return done
