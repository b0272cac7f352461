"""Code bundles: same sources, same bytes; nothing more than the steps need."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from pipelines.bundles import EXCLUDED, ROOT, SOURCES, CodeBundles, build_bundles


def copy_of_the_sources(target: Path) -> Path:
    for source in SOURCES:
        origin = ROOT / source
        if origin.is_dir():
            shutil.copytree(origin, target / source)
        else:
            (target / source).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(origin, target / source)
    return target


def test_another_checkout_gives_the_same_bytes(tmp_path: Path) -> None:
    checkout = copy_of_the_sources(tmp_path / "checkout")
    another = tmp_path / "another"
    shutil.copytree(checkout, another)
    for number, file in enumerate(sorted(another.rglob("*.py"))):
        file.chmod(0o600)
        os.utime(file, (number, number))
    (another / "pipelines" / "steps" / "__pycache__").mkdir(exist_ok=True)
    (another / "pipelines" / "steps" / "__pycache__" / "train.cpython-311.pyc").write_bytes(b"stale")
    one, two = build_bundles(tmp_path / "one", checkout), build_bundles(tmp_path / "two", another)
    assert two.version == one.version
    assert (two.processing.name, two.training.name) == (one.processing.name, one.training.name)
    assert two.processing.read_bytes() == one.processing.read_bytes()
    assert two.training.read_bytes() == one.training.read_bytes()


def test_a_changed_line_changes_both_names(tmp_path: Path) -> None:
    root = copy_of_the_sources(tmp_path / "checkout")
    bundles = build_bundles(tmp_path / "out", root)
    with (root / "pipelines" / "steps" / "train.py").open("a") as file:
        file.write("# changed\n")
    changed = build_bundles(tmp_path / "out", root)
    assert changed.processing.name != bundles.processing.name
    assert changed.training.name != bundles.training.name


def test_only_what_the_steps_need_is_packed(bundles: CodeBundles) -> None:
    with zipfile.ZipFile(bundles.processing) as archive:
        names = archive.namelist()
    assert names == sorted(names)
    assert "pipelines/steps/features.py" in names
    unwanted = ("pipelines/definition/", "pipelines/commands/", *(f"{folder}/" for folder in EXCLUDED))
    assert not [name for name in names if name.startswith(unwanted) or "__pycache__" in name]
    with tarfile.open(bundles.training) as archive:
        assert sorted(archive.getnames()) == sorted([*names, "train.py"])


def test_a_missing_source_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="feature_groups: needed"):
        build_bundles(tmp_path / "out", tmp_path)


@pytest.mark.parametrize("step", ["train", "evaluate"])
def test_the_xgboost_container_has_all_that_a_step_imports(bundles: CodeBundles, step: str) -> None:
    """Everything outside the standard library that is imported has to come with the container."""
    program = (
        "import sys, importlib\n"
        f"importlib.import_module('pipelines.steps.{step}')\n"
        "refused = {'msgspec', 'boto3', 'botocore', 'lmdb', 'sagemaker', 'moto', 'aws_cdk', 'click'}\n"
        "print(sorted(refused & {name.split('.')[0] for name in sys.modules}))\n"
        "print(sys.modules['pipelines.steps'].__file__)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(bundles.processing)},
        cwd=bundles.processing.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    imported, origin = result.stdout.splitlines()
    assert imported == "[]"
    assert origin.startswith(str(bundles.processing))
