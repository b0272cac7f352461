"""FindChampion asks a real registry, and agrees with what the deployer would keep in service."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cdk_app.functions.deployer.choice import choose
from cdk_app.functions.deployer.registry import Registry
from inference.batch.nightly.production import package_in_production
from pipelines.steps import champion
from pipelines.steps.container import StepError
from processing.registry import production
from tests.mirror.pipelines.definitions import IMAGE
from tests.mirror.running import RunningMirror

pytestmark = pytest.mark.slow
ARCHIVE = b"an archive; the step only passes it on"


@pytest.fixture
def group(mirror: RunningMirror, request: pytest.FixtureRequest) -> str:
    name = f"group-{abs(hash(request.node.name)) % 10**8}"
    mirror.client("sagemaker").create_model_package_group(ModelPackageGroupName=name)
    s3 = mirror.client("s3")
    s3.create_bucket(Bucket="models")
    s3.put_object(Bucket="models", Key="model.tar.gz", Body=ARCHIVE)
    return name


def register(mirror: RunningMirror, group: str, status: str, key: str = "model.tar.gz", **marks: str) -> str:
    created = mirror.client("sagemaker").create_model_package(
        ModelPackageGroupName=group,
        ModelApprovalStatus=status,
        CustomerMetadataProperties={"auc": "0.9", **marks},
        InferenceSpecification={
            "Containers": [{"Image": IMAGE, "ModelDataUrl": f"s3://models/{key}"}],
            "SupportedContentTypes": ["application/json"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
    )
    arn: str = created["ModelPackageArn"]
    return arn


def find(mirror: RunningMirror, group: str, opt_ml: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    for name, value in mirror.environ(mirror.region).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("FRAUDLINE_OPT_ML", str(opt_ml))
    champion.main(["--environment", "dev", "--group", group])
    found: dict[str, Any] = json.loads((opt_ml / "processing/output/champion/champion.json").read_text())
    return found


def deployers(mirror: RunningMirror, group: str) -> str | None:
    chosen = choose(None, None, Registry(mirror.client("sagemaker"), group).newest_approved())
    return None if chosen is None else chosen.arn


def test_without_an_approved_version_there_is_none(
    mirror: RunningMirror, group: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find(mirror, "never-made", tmp_path, monkeypatch) == {"package": "none"}
    register(mirror, group, "PendingManualApproval")
    register(mirror, group, "Approved", shadow="yes")
    assert find(mirror, group, tmp_path, monkeypatch) == {"package": "none"}
    assert deployers(mirror, group) is None
    assert not (tmp_path / "processing/output/champion/model.tar.gz").exists()


def test_the_newest_version_that_may_answer_is_the_deployers(
    mirror: RunningMirror, group: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(mirror, group, "Approved")
    expected = register(mirror, group, "Approved")
    register(mirror, group, "Approved", shadow="yes")
    register(mirror, group, "Rejected")
    found = find(mirror, group, tmp_path, monkeypatch)
    assert found["package"] == expected == deployers(mirror, group)
    assert (found["version"], found["summary"]) == (2, {"auc": "0.9"})
    assert (tmp_path / "processing/output/champion/model.tar.gz").read_bytes() == ARCHIVE


def test_an_older_version_that_the_endpoint_serves_is_in_production(
    mirror: RunningMirror, group: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a rollback: version 2 is approved, and what answers is version 1."""
    older = register(mirror, group, "Approved")
    newer = register(mirror, group, "Approved")
    sagemaker = mirror.client("sagemaker")
    monkeypatch.setattr(production, "_serving", lambda *_: older)
    assert find(mirror, group, tmp_path, monkeypatch)["package"] == older
    registry = Registry(sagemaker, group)
    chosen = choose(None, registry.find(older), registry.newest_approved())
    assert chosen is not None
    assert chosen.arn == older
    batch = package_in_production(sagemaker, group, "an-endpoint")
    assert batch is not None
    assert batch.label == f"{group}/1"
    sagemaker.update_model_package(ModelPackageArn=older, ModelApprovalStatus="Rejected")
    assert find(mirror, group, tmp_path, monkeypatch)["package"] == newer


def test_an_archive_that_is_gone_is_named(
    mirror: RunningMirror, group: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(mirror, group, "Approved", key="deleted.tar.gz")
    with pytest.raises(StepError, match=r"champion: s3://models/deleted.tar.gz of version 1.*put it back"):
        find(mirror, group, tmp_path, monkeypatch)
