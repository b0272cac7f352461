"""docs/adding-a-feature.md is true: its lines, in a copy of the project, give features that are right."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mirror.toolchain import node_executable

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "adding-a-feature.md"
_DIFF = re.compile(r"```diff\n--- (?P<file>\S+)\n(?P<lines>.*?)```", re.DOTALL)
_PACKAGES = ("feature_groups", "processing", "pipelines", "inference", "cdk_app")
_HAS_NO_PART = shutil.ignore_patterns("__pycache__", "connector", "generator", "commands")
ADDED = {
    "user-activity": "user_transaction_count_6h",
    "merchant": "merchant_transaction_count_12h",
    None: "amount_hundredths",
}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What the copy of the project with the added features answers to `probe.py`."""
    copy = tmp_path_factory.mktemp("project")
    for package in _PACKAGES:
        shutil.copytree(ROOT / package, copy / package, ignore=_HAS_NO_PART)
    shutil.copy(ROOT / "cdk.json", copy)
    changes = [*_DIFF.finditer(PAGE.read_text())]
    assert len(changes) >= len(ADDED)
    for change in changes:
        _apply(copy / change["file"], change["lines"])
    probe = Path(__file__).with_name("probe.py")
    done = subprocess.run(
        [sys.executable, str(probe), *(name for name in ADDED.values())],
        cwd=copy,
        env={
            "PYTHONPATH": str(copy),
            "FRAUDLINE_KERNEL": "python",
            "JSII_NODE": str(node_executable()),
            "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def _apply(file: Path, lines: str) -> None:
    """Replace the old lines of each hunk, which must be there exactly once, by the new ones."""
    text = file.read_text()
    for hunk in lines.split("@@\n"):
        old = "".join(f"{line[1:]}\n" for line in hunk.splitlines() if line[:1] != "+")
        new = "".join(f"{line[1:]}\n" for line in hunk.splitlines() if line[:1] != "-")
        assert text.count(old) == 1, f"{PAGE.name} is out of date: {file.name} has not once:\n{old}"
        text = text.replace(old, new)
    file.write_text(text)


def test_the_page_adds_a_feature_of_each_kind(seen: dict[str, object]) -> None:
    assert seen["added"] == sorted(ADDED.values())


@pytest.mark.parametrize("name", ADDED.values())
def test_values_are_those_of_brute_force_in_the_vector_the_batch_and_flink(
    seen: dict[str, dict[str, list[float]]], name: str
) -> None:
    wanted = seen["brute_force"][name]
    assert len(set(wanted)) > 3, "the log tells nothing"
    assert seen["vector"][name] == wanted
    assert seen["batch"][name] == wanted
    assert seen["flink"][name] == wanted


def test_groups_schemas_and_catalogue_have_it(seen: dict[str, dict[str, list[str]]]) -> None:
    for group, name in ADDED.items():
        if group is not None:
            assert seen["groups"][group][-2:] == [name, "state"]
        assert name in seen["parquet"]
        assert name in seen["avro"]
        assert name in seen["catalogue"]


def test_the_deployment_defines_it(seen: dict[str, dict[str, dict[str, str]]]) -> None:
    for group, name in ADDED.items():
        if group is not None:
            assert seen["cdk"][f"fraudline-dev-{group}"][name] == "Integral"
