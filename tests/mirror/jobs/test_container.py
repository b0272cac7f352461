"""The private /opt/ml: by a mount namespace, and by rewritten paths where there is none."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mirror.cloud import Cloud
from mirror.docker.images import Image
from mirror.jobs import container
from mirror.jobs.container import Command, Container

PROGRAM = """
import os, pathlib, sys
print(os.getcwd())
print(pathlib.Path(sys.argv[1]).read_text())
print(pathlib.Path(os.environ["INPUT"]).name, os.environ["PYTHONPATH"].split(":")[0])
"""


@pytest.fixture
def _no_mounts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("FRAUDLINE_PRIVATE_MOUNTS", "0")
    container.private_mounts.cache_clear()
    yield
    container.private_mounts.cache_clear()


def _run(folder: Path) -> tuple[Container, list[str]]:
    ml = folder / "ml"
    (ml / "code").mkdir(parents=True)
    (ml / "code" / "data").write_text("hello")
    (ml / "code" / "main.py").write_text(PROGRAM)
    command = Command(
        ["python3", "/opt/ml/code/main.py", "/opt/ml/code/data"],
        {"INPUT": "/opt/ml/code/data", "PYTHONPATH": "/opt/ml/code/lib.zip:/opt/mlx"},
        "/opt/ml/code",
    )
    built = Container.build(Cloud(folder), "eu-west-1", Image(kind="sagemaker-xgboost"), command, ml)
    done = subprocess.run(
        built.argv, env=built.env, cwd=built.cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return built, done.stdout.splitlines()


def test_with_what_this_system_allows(tmp_path: Path) -> None:
    built, lines = _run(tmp_path)
    code = "/opt/ml/code" if container.private_mounts() else f"{tmp_path}/ml/code"
    assert lines == [code, "hello", f"data {code}/lib.zip"]
    assert ("FRAUDLINE_OPT_ML" in built.env) is not container.private_mounts()
    assert built.env["AWS_REGION"] == "eu-west-1"


@pytest.mark.usefixtures("_no_mounts")
def test_with_rewritten_paths(tmp_path: Path) -> None:
    built, lines = _run(tmp_path)
    code = tmp_path / "ml" / "code"
    assert lines == [str(code), "hello", f"data {code}/lib.zip"]
    assert built.env["FRAUDLINE_OPT_ML"] == str(tmp_path / "ml")
    assert built.env["PYTHONPATH"] == f"{code}/lib.zip:/opt/mlx"


def test_the_image_s_own_code_is_importable(tmp_path: Path) -> None:
    image = Image(["python3"], [], {"A": "image", "B": "image"}, None, tmp_path / "root")
    built = Container.build(Cloud(tmp_path), "us-east-1", image, Command(["x"], {"B": "job"}), tmp_path)
    assert built.env["PYTHONPATH"] == str(tmp_path / "root")
    assert (built.env["A"], built.env["B"]) == ("image", "job")
    assert built.env["PATH"].split(":")[0].endswith("/bin")
    assert os.environ.get("VIRTUAL_ENV", "") in built.env["PATH"]
