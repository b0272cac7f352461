"""The folders are the architecture: imports run one way, and serving code stays small."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS = {
    "feature_groups": set(),
    "processing": {"feature_groups"},
    "pipelines": {"feature_groups", "processing"},
    "inference": {"feature_groups", "processing"},
    "cdk_app": {"feature_groups", "processing", "pipelines", "inference"},
    "mirror": {"feature_groups", "processing", "pipelines", "inference"},
}
SYNTH_OR_MIRROR_ONLY = {"sagemaker", "aws_cdk", "constructs", "moto", "cdk_nag"}


def _imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            yield node.module or ""


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_never_run_back(layer: str) -> None:
    forbidden = set(LAYERS) - LAYERS[layer] - {layer}
    backwards = [
        f"{file.relative_to(ROOT)}: {name}"
        for file in (ROOT / layer).rglob("*.py")
        for name in _imports(file)
        if name.partition(".")[0] in forbidden
    ]
    assert backwards == []


@pytest.mark.parametrize("layer", ["feature_groups", "processing", "inference", "pipelines/steps"])
def test_serving_code_knows_no_sdk_cdk_or_moto(layer: str) -> None:
    known = [
        f"{file.relative_to(ROOT)}: {name}"
        for file in (ROOT / layer).rglob("*.py")
        for name in _imports(file)
        if name.partition(".")[0] in SYNTH_OR_MIRROR_ONLY
    ]
    assert known == []


@pytest.mark.parametrize("layer", ["feature_groups", "processing/windows"])
def test_the_kernel_needs_the_standard_library_and_numpy_only(layer: str) -> None:
    allowed = set(sys.stdlib_module_names) | {"numpy", "numba", "feature_groups", "processing"}
    foreign = [
        f"{file.relative_to(ROOT)}: {name}"
        for file in (ROOT / layer).rglob("*.py")
        for name in _imports(file)
        if name.partition(".")[0] not in allowed
    ]
    assert foreign == []


def test_the_inference_server_loads_nothing_of_the_other_clouds() -> None:
    code = "import inference.__main__, inference.server, sys; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    top = {name.partition(".")[0] for name in loaded.stdout.split()}
    assert not top & (SYNTH_OR_MIRROR_ONLY | {"mirror", "cdk_app", "pipelines", "awswrangler"})


@pytest.mark.parametrize("lock", ["core", "synth", "mirror", "dev", "uv", "spark", "flink"])
def test_lock_files_pin_hashes_and_name_no_registry(lock: str) -> None:
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()
    assert "://" not in text
    pins = re.findall(r"^\S+==", text, re.MULTILINE)
    assert pins
    assert len(re.findall(r"^\S+==.*\\\n\s+--hash=sha256:", text, re.MULTILINE)) == len(pins)


def test_the_core_lock_is_free_of_sdk_cdk_and_moto() -> None:
    names = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements/core.txt").read_text(), re.MULTILINE))
    assert not names & {"sagemaker", "sagemaker-core", "aws-cdk-lib", "moto", "awswrangler", "mlflow"}


def test_the_npm_lock_names_no_registry() -> None:
    assert '"resolved"' not in (ROOT / "package-lock.json").read_text()
