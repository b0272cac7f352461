"""The project's own nightly definition, run by the mirror on a small lake: against production."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.mirror.pipelines.nightly import GROUP, PARAMETERS, deploy
from tests.mirror.pipelines.programs import steps, wait
from tests.mirror.pipelines.test_executions import start
from tests.mirror.running import RunningMirror

pytestmark = pytest.mark.slow
POOR = {"HistoryDays": "26", "Rounds": "1", "MaxDepth": "1"}  # one split, learnt from five days


@pytest.fixture(scope="module")
def pipeline(mirror: RunningMirror, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The deployed pipeline's name; its lake holds 45 days of purchases."""
    deploy(mirror, tmp_path_factory.mktemp("nightly"))
    return "nightly"


def test_a_model_is_trained_evaluated_and_registered(mirror: RunningMirror, pipeline: str) -> None:
    ran = registered(mirror, start(mirror, pipeline, **PARAMETERS | POOR))
    package = package_of(mirror, ran)
    assert package["ModelPackageGroupName"] == GROUP
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    [container] = package["InferenceSpecification"]["Containers"]
    assert len(read(mirror, container["ModelDataUrl"])) > 1000
    job = mirror.client("sagemaker").describe_training_job(
        TrainingJobName=ran["TrainModel"]["Metadata"]["TrainingJob"]["Arn"].rpartition("/")[2]
    )
    assert {metric["MetricName"] for metric in job["FinalMetricDataList"]} >= {"validation:auc", "rounds"}
    properties = package["CustomerMetadataProperties"]
    assert (properties["champion_version"], properties["against_champion"]) == ("none", "not compared")
    assert "Not compared: no model is in production" in page_of(mirror, package)
    decide(mirror, package, "Approved")


def test_a_model_below_the_minimum_is_not_registered(mirror: RunningMirror, pipeline: str) -> None:
    before = versions(mirror)
    arn = start(mirror, pipeline, **PARAMETERS | {"MinimumAuc": "1.0"})
    assert "minimum 1)" in refused(mirror, arn)
    assert versions(mirror) == before


def test_a_better_challenger_is_registered_and_its_page_shows_why(
    mirror: RunningMirror, pipeline: str
) -> None:
    """After the first test, whose poor model is in production."""
    package = package_of(mirror, registered(mirror, start(mirror, pipeline, **PARAMETERS)))
    properties = package["CustomerMetadataProperties"]
    assert properties["champion_version"] == "1"
    assert properties["against_champion"].endswith(" - better")
    page = page_of(mirror, package)
    assert 'class="verdict good"' in page
    assert "Against version 1, in production" in page
    assert "of version 1 in production, difference +" in page
    assert "What changed since the model in production" in page
    report = json.loads(read(mirror, package["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"]))
    difference = report["comparison"]["differences"]["average_precision"]
    assert 0 < difference["low"] < difference["difference"] < difference["high"]
    assert difference["champion"] < difference["challenger"] == report["fraud_metrics"]["average_precision"]
    decide(mirror, package, "Approved")


def test_a_challenger_worse_than_production_is_not_registered(mirror: RunningMirror, pipeline: str) -> None:
    """It meets the fixed criteria, as the first test shows: production alone refuses it, by name."""
    before = versions(mirror)
    arn = start(mirror, pipeline, **PARAMETERS | POOR)
    reason = refused(mirror, arn)
    production = mirror.client("sagemaker").describe_model_package(ModelPackageName=package_arn(mirror, 2))
    theirs = production["CustomerMetadataProperties"]["average_precision"]
    assert re.search(rf"average precision \d\.\d{{4}} against {theirs} of version 2 in production", reason)
    assert "worse, beyond the tolerance of 0.005" in reason
    assert "AUC" not in reason
    assert versions(mirror) == before
    page = read(mirror, f"s3://lake/models/{arn.rpartition('/')[2]}/evaluation/report.html").decode()
    assert 'class="verdict bad"' in page
    assert reason.partition(": ")[2].removesuffix(". Nothing was registered.") in page


def registered(mirror: RunningMirror, arn: str) -> dict[str, Any]:
    """Steps of an execution that has to succeed."""
    execution = wait(mirror, arn, timeout=300)
    ran = steps(mirror, arn)
    reasons = {name: step.get("FailureReason") for name, step in ran.items()}
    assert execution["PipelineExecutionStatus"] == "Succeeded", reasons
    return ran


def refused(mirror: RunningMirror, arn: str) -> str:
    """Why RejectModel ended an execution."""
    assert wait(mirror, arn, timeout=300)["PipelineExecutionStatus"] == "Failed"
    ran = steps(mirror, arn)
    assert ran["MeetsCriteria"]["Metadata"]["Condition"]["Outcome"] == "False"
    reason: str = ran["RejectModel"]["FailureReason"]
    return reason


def package_of(mirror: RunningMirror, ran: dict[str, Any]) -> dict[str, Any]:
    [name] = [name for name, step in ran.items() if "RegisterModel" in step["Metadata"]]
    found: dict[str, Any] = mirror.client("sagemaker").describe_model_package(
        ModelPackageName=ran[name]["Metadata"]["RegisterModel"]["Arn"]
    )
    return found


def package_arn(mirror: RunningMirror, version: int) -> str:
    listed = mirror.client("sagemaker").list_model_packages(ModelPackageGroupName=GROUP)
    [arn] = [
        str(one["ModelPackageArn"])
        for one in listed["ModelPackageSummaryList"]
        if one["ModelPackageVersion"] == version
    ]
    return arn


def versions(mirror: RunningMirror) -> int:
    listed = mirror.client("sagemaker").list_model_packages(ModelPackageGroupName=GROUP)
    return len(listed["ModelPackageSummaryList"])


def decide(mirror: RunningMirror, package: dict[str, Any], status: str) -> None:
    mirror.client("sagemaker").update_model_package(
        ModelPackageArn=package["ModelPackageArn"], ModelApprovalStatus=status
    )


def page_of(mirror: RunningMirror, package: dict[str, Any]) -> str:
    return read(mirror, package["CustomerMetadataProperties"]["report"]).decode()


def read(mirror: RunningMirror, uri: str) -> bytes:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    content: bytes = mirror.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return content
