"""The app as a whole: its stacks, its determinism, and the rules of cdk-nag."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from cdk_app.app import main
from cdk_app.project import ROOT
from processing.engines.job import EngineError
from tests.cdk_app.conftest import PROD
from tests.cdk_app.synthesis import Assembly, app

pytestmark = pytest.mark.slow

_NO_NETWORK = """
import runpy, socket
def refuse(*args):
    raise OSError("synth must not use the network")
socket.socket.connect = refuse
socket.getaddrinfo = refuse
runpy.run_module("cdk_app.app", run_name="__main__")
"""


def test_one_stack_each_with_explicit_names(dev: Assembly) -> None:
    assert set(dev.templates()) == {
        "ingestion",
        "lake",
        "feature-store",
        "registry",
        "training",
        "serving",
        "stream",
    }
    artifacts = json.loads((dev.directory / "manifest.json").read_text())["artifacts"]
    stacks = {key: item for key, item in artifacts.items() if item["type"] == "aws:cloudformation:stack"}
    for name, stack in stacks.items():
        assert stack["properties"].get("stackName", name) == name
        assert stack["environment"] == "aws://unknown-account/us-east-1"
    for name in ("training", "serving"):
        needed = stacks[f"fraudline-dev-{name}"]["dependencies"]
        assert {f"fraudline-dev-{other}" for other in ("lake", "feature-store", "registry")} <= set(needed)


def test_nothing_needs_docker_or_a_provider_framework(dev: Assembly, prod: Assembly) -> None:
    for template in (*dev.templates().values(), *prod.templates().values()):
        types = {resource["Type"] for resource in template.document["Resources"].values()}
        custom = {name for name in types if name.startswith("Custom::")}
        ours = {"Endpoint", "Disposal", "StreamStart"}
        assert custom <= {f"Custom::Fraudline{name}" for name in ours}
        assert "AWS::CDK::Metadata" not in types


def _synth_elsewhere(outdir: Path) -> None:
    """Synthesise in a process of its own: no credentials, no network, another hash seed and zone."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(outdir.parent),
        "PYTHONHASHSEED": "2",
        "CDK_OUTDIR": str(outdir),
        "CDK_CONTEXT_JSON": json.dumps(json.loads((ROOT / "cdk.json").read_text())["context"]),
        "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "TZ": "Asia/Tokyo",
    }
    subprocess.run([sys.executable, "-c", _NO_NETWORK], cwd=ROOT, env=environment, check=True)


def _digests(outdir: Path) -> dict[str, str]:
    return {
        path.relative_to(outdir).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(outdir.rglob("*"))
        if path.is_file()
    }


def test_two_runs_give_identical_bytes_without_credentials_and_network(dev: Assembly, tmp_path: Path) -> None:
    _synth_elsewhere(tmp_path / "elsewhere")
    first = _digests(dev.directory)
    assert _digests(tmp_path / "elsewhere") == first
    assert "fraudline-dev-serving.template.json" in first


@pytest.mark.parametrize("settings", [{}, PROD], ids=["dev", "prod"])
def test_the_schemas_of_cloudformation_and_the_rules_of_cdk_nag_hold(
    tmp_path: Path, settings: dict[str, Any]
) -> None:
    from aws_cdk import Validations
    from cdk_nag import AwsSolutionsChecks

    checked = app(tmp_path, validate=True, **settings)
    Validations.of(checked).add_plugins(AwsSolutionsChecks(checked))
    with suppress(RuntimeError):  # the report says more than the error
        checked.synth()
    findings = json.loads((tmp_path / "validation-report.json").read_text())
    assert _violations(findings) == []


def _violations(report: dict[str, Any]) -> list[str]:
    return [
        f"{violation['ruleName']}: {violation.get('description', '')}"
        for plugin in report["pluginReports"]
        for violation in plugin["violations"]
    ]


def test_a_connector_that_is_not_built_ends_the_app_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def build(*_: Any) -> None:
        raise EngineError("the connector is missing: run `make flink-connector`")

    monkeypatch.setattr("cdk_app.app.build", build)
    with pytest.raises(SystemExit, match="run `make flink-connector`"):
        main()


def test_invalid_settings_end_the_app_with_the_reason() -> None:
    environment = {**os.environ, "FRAUDLINE_ENDPOINT_MIN_INSTANCES": "9"}
    run = subprocess.run(
        [sys.executable, "-m", "cdk_app.app"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert "endpoint_max_instances: 4 is below endpoint_min_instances; use at least 9" in run.stderr
    assert "Traceback" not in run.stderr
