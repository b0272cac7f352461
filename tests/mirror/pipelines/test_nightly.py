"""The project's own nightly definition, run by the mirror on a small lake: a night is a unit."""

from __future__ import annotations

import io
import json
import tarfile
import time
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest
from sagemaker.core.shapes.model_card_shapes import ModelCardContent

from cdk_app.functions.nightly.handler import handle
from mirror.cloud import CREDENTIALS
from tests.mirror.pipelines.nightly import (
    GROUP,
    LAKE,
    PARAMETERS,
    TRAINING_SET,
    changed,
    deploy,
    put_lake,
    training_set,
)
from tests.mirror.pipelines.programs import steps, wait
from tests.mirror.pipelines.test_executions import create, start
from tests.mirror.running import RunningMirror
from tests.pipelines import lake

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

Document = dict[str, Any]


@pytest.fixture(scope="module")
def definition(mirror: RunningMirror, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The deployed pipeline's definition."""
    return deploy(mirror, tmp_path_factory.mktemp("nightly"))


@pytest.fixture(scope="module")
def first(mirror: RunningMirror, definition: str) -> str:
    """ARN of an execution of the night that registered a model."""
    arn = start(mirror, "nightly", **PARAMETERS)
    execution = wait(mirror, arn, timeout=300)
    ran = steps(mirror, arn)
    reasons = {name: step.get("FailureReason") for name, step in ran.items()}
    assert execution["PipelineExecutionStatus"] == "Succeeded", reasons
    return arn


@pytest.fixture
def mails(mirror: RunningMirror, monkeypatch: pytest.MonkeyPatch) -> Mails:
    return Mails(mirror, monkeypatch)


class Mails:
    """The nightly function, called as Lambda calls it, and a subscriber of its topic."""

    def __init__(self, mirror: RunningMirror, monkeypatch: pytest.MonkeyPatch) -> None:
        sns, self._sqs = mirror.client("sns"), mirror.client("sqs")
        topic = sns.create_topic(Name="nights")["TopicArn"]
        self._queue = self._sqs.create_queue(QueueName="mailbox")["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])
        queue = attributes["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
        environment = {
            "AWS_ENDPOINT_URL": mirror.endpoint_url,
            "AWS_DEFAULT_REGION": mirror.region,
            "AWS_ACCESS_KEY_ID": CREDENTIALS["aws_access_key_id"],
            "AWS_SECRET_ACCESS_KEY": CREDENTIALS["aws_secret_access_key"],
            "TOPIC_ARN": topic,
            "ENVIRONMENT": "dev",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)

    def tell(self, execution: str) -> tuple[str, str]:
        """Subject and text of the one mail about an execution."""
        handle({"detail": {"pipelineExecutionArn": execution}}, None)
        received = self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10)["Messages"]
        (body,) = (json.loads(message["Body"]) for message in received)
        for message in received:
            self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        return body["Subject"], body["Message"]


def package_of(mirror: RunningMirror, execution: str) -> Document:
    (arn,) = (
        step["Metadata"]["RegisterModel"]["Arn"]
        for step in steps(mirror, execution).values()
        if "RegisterModel" in step["Metadata"]
    )
    found: Document = mirror.client("sagemaker").describe_model_package(ModelPackageName=arn)
    return found


def model_of(mirror: RunningMirror, execution: str) -> dict[str, bytes]:
    """The files of the model that an execution registered, without the archive's times."""
    (container,) = package_of(mirror, execution)["InferenceSpecification"]["Containers"]
    bucket, _, key = container["ModelDataUrl"].removeprefix("s3://").partition("/")
    body = mirror.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        found = {member.name.removeprefix("./"): archive.extractfile(member) for member in archive}
        return {name: file.read() for name, file in found.items() if file is not None}


def versions(mirror: RunningMirror) -> dict[int, str]:
    """Statuses of the registered versions."""
    listed = mirror.client("sagemaker").list_model_packages(ModelPackageGroupName=GROUP)
    return {
        item["ModelPackageVersion"]: item["ModelApprovalStatus"] for item in listed["ModelPackageSummaryList"]
    }


def test_a_model_is_trained_evaluated_and_registered(mirror: RunningMirror, first: str) -> None:
    package = package_of(mirror, first)
    assert package["ModelPackageGroupName"] == GROUP
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    assert {"model.ubj", "bundle.json"} <= set(model_of(mirror, first))
    job = mirror.client("sagemaker").describe_training_job(
        TrainingJobName=steps(mirror, first)["TrainModel"]["Metadata"]["TrainingJob"]["Arn"].rpartition("/")[
            2
        ]
    )
    assert {metric["MetricName"] for metric in job["FinalMetricDataList"]} >= {"validation:auc", "rounds"}


def test_its_lineage_says_which_data_by_content(mirror: RunningMirror, first: str) -> None:
    properties = package_of(mirror, first)["CustomerMetadataProperties"]
    manifest = json.loads(training_set(mirror)["manifest/manifest.json"])
    assert properties["training_set"] == f"s3://{LAKE}/{TRAINING_SET}/manifest"
    assert properties["training_set_sha256"] == manifest["sha256"]
    assert properties["pipeline_execution"] == first
    assert properties["as_of"] == manifest["as_of"] == "2026-03-01T02:00:00.000Z"
    assert json.loads(model_of(mirror, first)["bundle.json"])["training_set_sha256"] == manifest["sha256"]


def test_a_night_that_runs_again_is_the_same_night(
    mirror: RunningMirror, definition: str, first: str, mails: Mails
) -> None:
    before = training_set(mirror)
    again = start(mirror, "nightly", **PARAMETERS)
    assert wait(mirror, again, timeout=200)["PipelineExecutionStatus"] == "Succeeded"
    assert training_set(mirror) == before, "its outputs are replaced by the same bytes"
    ran = steps(mirror, again)
    hits = {name: step["CacheHitResult"]["SourcePipelineExecutionArn"]
            for name, step in ran.items() if "CacheHitResult" in step}  # fmt: skip
    assert hits == {"TrainModel": first}
    old, new = package_of(mirror, first), package_of(mirror, again)
    assert new["InferenceSpecification"] == old["InferenceSpecification"]

    subject, text = mails.tell(again)
    version = new["ModelPackageVersion"]
    assert subject == f"Fraudline dev, night of 2026-03-01: version {version} waits for review"
    assert text.startswith(f"Version {version} is registered and waits for review.\n")
    assert f"rejected because nobody had decided: version {old['ModelPackageVersion']}." in text
    figures = {line[:24].strip(): line[24:] for line in text.splitlines()}
    assert figures["night"] == lake.NIGHT
    assert figures["auc"] == new["CustomerMetadataProperties"]["auc"]
    assert f"Report: {new['CustomerMetadataProperties']['report']}\n" in text
    assert f"Data: s3://{LAKE}/{TRAINING_SET}/quality/quality.html" in text
    assert f"s3/object/{LAKE}?region=us-east-1&prefix={TRAINING_SET}/quality/quality.html" in text
    assert versions(mirror) == {old["ModelPackageVersion"]: "Rejected", version: "PendingManualApproval"}
    assert f"Superseded by version {version}" in package_of(mirror, first)["ApprovalDescription"]


def test_the_card_fits_the_schema_and_follows_the_verdict(
    mirror: RunningMirror, first: str, mails: Mails
) -> None:
    sagemaker = mirror.client("sagemaker")
    arn = package_of(mirror, first)["ModelPackageArn"]
    mails.tell(first)
    card = package_of(mirror, first)["ModelCard"]
    assert card["ModelCardStatus"] == "PendingReview"
    content = json.loads(card["ModelCardContent"])
    # The SDK's own schema of cards; equality shows that it knows every member.
    assert ModelCardContent(**content).model_dump(exclude_unset=True) == content
    assert set(content["model_overview"]) == {"model_creator", "model_artifact"}, "all that packages allow"
    assert len(card["ModelCardContent"]) < 100_000
    bundle = json.loads(model_of(mirror, first)["bundle.json"])
    job = content["training_details"]["training_job_details"]
    assert {item["name"]: item["value"] for item in job["training_metrics"]} == bundle["metrics"]
    assert job["training_arn"] == steps(mirror, first)["TrainModel"]["Metadata"]["TrainingJob"]["Arn"]
    assert {"name": "rounds", "value": "60"} in job["hyper_parameters"]
    (evaluated,) = content["evaluation_details"]
    figures = {
        item["name"]: item["value"] for group in evaluated["metric_groups"] for item in group["metric_data"]
    }
    assert f"{figures['auc']:.4f}" == evaluated["metadata"]["auc"]
    assert f"{figures['average_precision']:.4f}" == evaluated["metadata"]["average_precision"]
    assert content["additional_information"]["custom_details"]["model_sha256"] == bundle["model_sha256"]

    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    mails.tell(first)
    assert package_of(mirror, first)["ModelCard"]["ModelCardStatus"] == "Approved"


def test_a_model_below_the_minimum_is_not_registered(mirror: RunningMirror, first: str, mails: Mails) -> None:
    before = versions(mirror)
    arn = start(mirror, "nightly", **{**PARAMETERS, "MinimumAuc": "1.0"})
    execution = wait(mirror, arn, timeout=200)
    assert execution["PipelineExecutionStatus"] == "Failed"
    ran = steps(mirror, arn)
    assert ran["MeetsCriteria"]["Metadata"]["Condition"]["Outcome"] == "False"
    assert ran["RejectModel"]["FailureReason"]
    assert versions(mirror) == before
    subject, text = mails.tell(arn)
    assert subject == "Fraudline dev, night of 2026-03-01: the model is rejected"
    assert text.startswith("No model: The model misses a criterion on the test window")
    assert "/evaluation/report.html" in text
    assert versions(mirror) == before


def test_a_night_without_data_is_told_with_the_checks(
    mirror: RunningMirror, first: str, mails: Mails
) -> None:
    arn = start(mirror, "nightly", **{**PARAMETERS, "AsOf": "2026-05-01T02:00:00Z"})
    assert wait(mirror, arn, timeout=200)["PipelineExecutionStatus"] == "Failed"
    assert set(steps(mirror, arn)) == {"BuildFeatures", "DataIsSound", "RejectData"}
    subject, text = mails.tell(arn)
    folder = "processed/training_sets/as-of=2026-05-01T02:00:00Z/quality"
    quality = json.loads(
        mirror.client("s3").get_object(Bucket=LAKE, Key=f"{folder}/quality.json")["Body"].read()
    )
    critical = [one for one in quality["findings"] if one["severity"] == "critical"]
    assert critical
    assert subject.startswith(
        f"Fraudline dev, night of 2026-05-01: the data is not sound ({critical[0]['check']}"
    )
    assert text.startswith("No model: The data is not sound: ")
    for one in critical:
        assert f"critical {one['layer']}/{one['check']}: {one['message']}" in text
    assert f"s3://{LAKE}/{folder}/quality.html" in text


def test_without_the_cache_and_killed_meanwhile_the_model_has_the_same_bytes(
    mirror: RunningMirror, definition: str, first: str
) -> None:
    """The job's process is lost, as with a broken machine: the step's retry policy starts another."""

    def change(step: Document) -> None:
        step.get("CacheConfig", {})["Enabled"] = False
        for policy in step.get("RetryPolicies", []):
            policy["IntervalSeconds"] = 1

    create(mirror, changed(definition, change), "uncached")
    before = training_set(mirror)
    arn = start(mirror, "uncached", **PARAMETERS)
    _kill_job(mirror, "train.py")
    assert wait(mirror, arn, timeout=200)["PipelineExecutionStatus"] == "Succeeded"
    ran = steps(mirror, arn)
    assert {name: step["AttemptCount"] for name, step in ran.items()} == {
        **dict.fromkeys(ran, 1), "TrainModel": 2,
    }  # fmt: skip
    assert "CacheHitResult" not in ran["TrainModel"]
    assert training_set(mirror) == before
    assert model_of(mirror, arn) == model_of(mirror, first)
    one, other = (
        package_of(mirror, execution)["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
        for execution in (arn, first)
    )
    assert one != other, "trained again, to a place of its own"


def test_another_transaction_in_the_lake_is_another_training_set(
    mirror: RunningMirror, first: str, tmp_path: Path
) -> None:
    before = training_set(mirror)
    rows = lake.transactions()
    # Later than the night: it changes the lake and nothing that the night may know.
    late = rows.tail(1).assign(transaction_id="late", timestamp=rows["timestamp"].max() + lake.ONE_DAY)
    late["arrival_time"] = late["timestamp"]
    put_lake(mirror, tmp_path / "late", pd.concat([rows, late], ignore_index=True))
    arn = start(mirror, "nightly", **PARAMETERS)
    assert wait(mirror, arn, timeout=200)["PipelineExecutionStatus"] == "Succeeded"
    after = training_set(mirror)
    assert [name for name in after if name.endswith(".parquet") and after[name] != before[name]] == []
    assert steps(mirror, arn)["TrainModel"]["CacheHitResult"]

    amounts = rows["amount_minor"].to_numpy(copy=True)
    amounts[len(rows) // 2] += 1
    rows["amount_minor"] = amounts
    put_lake(mirror, tmp_path / "changed", rows)
    arn = start(mirror, "nightly", **PARAMETERS)
    assert wait(mirror, arn, timeout=200)["PipelineExecutionStatus"] == "Succeeded"
    now = training_set(mirror)
    hashes = [json.loads(found["manifest/manifest.json"])["sha256"] for found in (before, after, now)]
    assert hashes[0] == hashes[1] != hashes[2]
    assert "CacheHitResult" not in steps(mirror, arn)["TrainModel"]
    assert "CacheHitResult" not in steps(mirror, arn)["EvaluateModel"]


def _kill_job(mirror: RunningMirror, program: str) -> None:
    """SIGKILL the job that runs `program`, once it does."""
    assert mirror.process is not None
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        for child in psutil.Process(mirror.process.pid).children(recursive=True):
            try:
                if any(word.endswith(program) for word in child.cmdline()):
                    child.kill()
                    return
            except psutil.NoSuchProcess:
                continue
        time.sleep(0.02)
    raise AssertionError(f"nothing ran {program}")
