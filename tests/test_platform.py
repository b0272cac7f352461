"""The whole platform through public clients only: what a user of boto3 and awswrangler sees."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import awswrangler
import boto3
import pytest

from cdk_app.project import ROOT
from feature_groups.names import Names
from mirror.cloud import CREDENTIALS
from mirror.commands.cdk import run as run_cdk
from mirror.toolchain import Toolchain
from processing.generator import Scenario, generate
from processing.sources.dataset import Dataset
from processing.sources.records import Record, label_records, transaction_records
from tests.cdk_app.synthesis import synthesise
from tests.mirror.running import RunningMirror, free_port
from tests.pipelines.nightly_steps import PASSED

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

NAMES = Names("dev")


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningMirror]:
    """A mirror with the app deployed by the real cdk, for data that is weeks old."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("FRAUDLINE_REPLAY", "1")
    running = RunningMirror(tmp_path / "mirror", free_port())
    running.start()
    assembly = synthesise(tmp_path / "cdk.out", replay=True)
    toolchain = Toolchain(running.endpoint_url, running.region, running.state_dir)
    assert run_cdk(toolchain, "deploy", "--all", "--app", str(assembly.directory)) == 0
    yield running
    running.stop()


def test_a_transaction_becomes_an_explained_decision(mirror: RunningMirror) -> None:
    dataset = generate(Scenario(events=12_000, days=35, seed=11, fraud_rate=0.02))
    dataset = dataset.moved_to_end_before(datetime.now(UTC))
    history = dataset.between(None, dataset.end)
    kinesis, lake = mirror.client("kinesis"), NAMES.lake_bucket(mirror.account, mirror.region)

    _send(kinesis, "transactions-raw", list(transaction_records(history.transactions)))
    _send(kinesis, "fraud-labels", list(label_records(history.labels)))
    newest = json.loads(list(transaction_records(dataset.transactions))[-1].data)
    user = {"FeatureGroupName": NAMES.feature_group("user-activity"), "RecordIdentifierValueAsString": ""}
    user["RecordIdentifierValueAsString"] = history.transactions["user_id"][-1].as_py()
    last = history.transactions["timestamp"][-1].as_py()

    def current() -> bool:
        found = mirror.client("sagemaker-featurestore-runtime").get_record(**user).get("Record", [])
        record = {feature["FeatureName"]: feature["ValueAsString"] for feature in found}
        return bool(record) and datetime.fromisoformat(record["event_time"]) >= last.replace(microsecond=0)

    _eventually(current, "the last event is in the Feature Store", 180)
    _eventually(lambda: _rows_in_lake(mirror, lake) == history.transactions.num_rows, "the lake is complete")

    mails = _subscribe(mirror)
    sagemaker = mirror.client("sagemaker")
    execution = sagemaker.start_pipeline_execution(
        PipelineName=NAMES.pipeline, PipelineParameters=_parameters(dataset)
    )["PipelineExecutionArn"]

    def status() -> str:
        described = sagemaker.describe_pipeline_execution(PipelineExecutionArn=execution)
        return str(described["PipelineExecutionStatus"])

    _eventually(lambda: status() != "Executing", "the pipeline ends", 180)
    steps = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=execution)["PipelineExecutionSteps"]
    assert {step["StepName"]: step["StepStatus"] for step in steps} == dict.fromkeys(PASSED, "Succeeded"), [
        step.get("FailureReason") for step in steps
    ]

    assert _decide(mirror, newest)["decided_by"] == "rules", "nothing is approved yet"
    (package,) = sagemaker.list_model_packages(ModelPackageGroupName=NAMES.model_package_group)[
        "ModelPackageSummaryList"
    ]
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    subject, text = _mail(mirror, mails)
    assert subject.endswith(": version 1 waits for review")
    assert execution in text
    card = sagemaker.describe_model_package(ModelPackageName=package["ModelPackageArn"])["ModelCard"]
    assert card["ModelCardStatus"] == "PendingReview"
    sagemaker.update_model_package(ModelPackageArn=package["ModelPackageArn"], ModelApprovalStatus="Approved")
    _eventually(lambda: _decide(mirror, newest)["decided_by"] == "model", "the approved model serves")
    decision = _decide(mirror, newest)
    assert decision["decision"] in ("approve", "review", "decline")
    assert 0 <= decision["score"] <= 1
    assert decision["model_version"] == f"{NAMES.model_package_group}/1"
    assert len(decision["reasons"]) == 5
    assert all(reason["text"] for reason in decision["reasons"])

    offline = _offline(mirror, "user-activity")
    assert set(history.transactions["user_id"].to_pylist()) == set(offline["user_id"])
    assert {"event_time", "write_time", "api_invocation_time", "is_deleted"} <= set(offline.columns)


def test_a_model_that_misses_its_criteria_is_not_registered(mirror: RunningMirror) -> None:
    dataset = generate(Scenario(events=8_000, days=35, seed=12, fraud_rate=0.02))
    dataset = dataset.moved_to_end_before(datetime.now(UTC))
    lake = NAMES.lake_bucket(mirror.account, mirror.region)
    _send(mirror.client("kinesis"), "transactions-raw", list(transaction_records(dataset.transactions)))
    _send(mirror.client("kinesis"), "fraud-labels", list(label_records(dataset.labels)))
    _eventually(lambda: _rows_in_lake(mirror, lake) == dataset.transactions.num_rows, "the lake is complete")

    sagemaker = mirror.client("sagemaker")
    mails = _subscribe(mirror)
    parameters = [p for p in _parameters(dataset) if p["Name"] != "MinimumAuc"]
    execution = sagemaker.start_pipeline_execution(
        PipelineName=NAMES.pipeline, PipelineParameters=[*parameters, {"Name": "MinimumAuc", "Value": "1.0"}]
    )["PipelineExecutionArn"]

    def described() -> dict[str, Any]:
        found: dict[str, Any] = sagemaker.describe_pipeline_execution(PipelineExecutionArn=execution)
        return found

    _eventually(lambda: described()["PipelineExecutionStatus"] != "Executing", "the pipeline ends", 180)
    assert described()["PipelineExecutionStatus"] == "Failed"
    steps = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=execution)["PipelineExecutionSteps"]
    by_name = {step["StepName"]: step for step in steps}
    assert by_name["EvaluateModel"]["StepStatus"] == "Succeeded"
    assert "AUC" in by_name["RejectModel"]["FailureReason"].upper()
    assert "RegisterModel" not in by_name
    group = {"ModelPackageGroupName": NAMES.model_package_group}
    assert sagemaker.list_model_packages(**group)["ModelPackageSummaryList"] == []
    subject, text = _mail(mirror, mails)
    assert subject.endswith(": the model is rejected")
    assert text.startswith("No model: The model misses a criterion")


def _send(kinesis: Any, stream: str, records: list[Record]) -> None:
    for start in range(0, len(records), 500):
        batch = [{"Data": r.data, "PartitionKey": r.partition_key} for r in records[start : start + 500]]
        answer = kinesis.put_records(StreamName=NAMES.stream(stream), Records=batch)
        assert answer["FailedRecordCount"] == 0


def _subscribe(mirror: RunningMirror) -> str:
    """Subscribe a queue to the deployed topic of nights; its URL."""
    sqs = mirror.client("sqs")
    queue: str = sqs.create_queue(QueueName="mailbox")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    topic = f"arn:aws:sns:{mirror.region}:{mirror.account}:{NAMES.prefix}-nights"
    mirror.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=attributes["QueueArn"])
    return queue


def _mail(mirror: RunningMirror, queue: str) -> tuple[str, str]:
    """Subject and text of the one mail that arrived."""
    received: list[dict[str, Any]] = []

    def arrived() -> bool:
        received.extend(mirror.client("sqs").receive_message(QueueUrl=queue).get("Messages", []))
        return bool(received)

    _eventually(arrived, "the mail arrives")
    (message,) = received
    body = json.loads(message["Body"])
    return body["Subject"], body["Message"]


def _parameters(dataset: Dataset) -> list[dict[str, str]]:
    midnight = dataset.end.replace(hour=0, minute=0, second=0, microsecond=0)
    values = {
        "AsOf": (midnight + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "HistoryDays": "40",
        "MinimumAuc": "0.5",
        "MinimumAveragePrecision": "0.01",
        "SearchTrials": "1",
        "SlowestServingMs": "500",  # of a machine that is busy with the whole platform
    }
    return [{"Name": name, "Value": value} for name, value in values.items()]


def _decide(mirror: RunningMirror, transaction: dict[str, Any]) -> dict[str, Any]:
    response = mirror.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=NAMES.endpoint, ContentType="application/json", Body=json.dumps(transaction)
    )
    answer: dict[str, Any] = json.loads(response["Body"].read())
    return answer


def _session(mirror: RunningMirror) -> boto3.Session:
    awswrangler.config.s3_endpoint_url = mirror.endpoint_url
    return boto3.Session(region_name=mirror.region, **CREDENTIALS)


def _rows_in_lake(mirror: RunningMirror, lake: str) -> int:
    path = f"s3://{lake}/raw/transactions/"
    session = _session(mirror)
    if not awswrangler.s3.list_objects(path, suffix=".parquet", boto3_session=session):
        return 0
    columns = ["transaction_id"]
    table = awswrangler.s3.read_parquet(path, path_suffix=".parquet", columns=columns, boto3_session=session)
    assert table["transaction_id"].is_unique
    return len(table)


def _offline(mirror: RunningMirror, group: str) -> Any:
    described = mirror.client("sagemaker").describe_feature_group(FeatureGroupName=NAMES.feature_group(group))
    path = described["OfflineStoreConfig"]["S3StorageConfig"]["ResolvedOutputS3Uri"]
    return awswrangler.s3.read_parquet(
        f"{path}/", dataset=True, path_suffix=".parquet", boto3_session=_session(mirror)
    )


def _eventually(condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.5)
