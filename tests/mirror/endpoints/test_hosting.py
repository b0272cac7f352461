"""Endpoints of a running mirror, through boto3: created, invoked, updated, crashed, deleted."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.mirror.conftest import StartMirror
from tests.mirror.endpoints.hosting_client import ROLE, USER_TIME, HostingClient
from tests.mirror.endpoints.images import push, push_inference_image

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def config(client: HostingClient, tmp_path_factory: pytest.TempPathFactory) -> str:
    url = client.upload_bundle(tmp_path_factory.mktemp("bundles"), "first", seed=1)
    return client.create_config("first", url)


@pytest.fixture
def endpoint(client: HostingClient, config: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """An endpoint InService on `config`, called like the test."""
    name = request.node.name.replace("_", "-")[:63]
    assert client.create_endpoint(name, config)["EndpointStatus"] == "InService"
    yield name
    if client.wait(name)["EndpointStatus"] != "Deleting":
        client.sagemaker.delete_endpoint(EndpointName=name)


def test_an_endpoint_serves_its_model(client: HostingClient, endpoint: str) -> None:
    described = client.wait(endpoint)
    (variant,) = described["ProductionVariants"]
    assert (variant["VariantName"], variant["CurrentInstanceCount"]) == ("live", 1)
    assert variant["DeployedImages"][0]["SpecifiedImage"] == client.image
    answer = client.invoke(endpoint)
    assert (answer["decided_by"], answer["model_version"]) == ("model", "first"), answer["fallback_reason"]
    assert answer["features_as_of"] == {"profile": None, "user": USER_TIME, "merchant": None}
    listed = client.sagemaker.list_endpoints(NameContains=endpoint, StatusEquals="InService")
    assert [item["EndpointName"] for item in listed["Endpoints"]] == [endpoint]
    group = f"/aws/sagemaker/Endpoints/{endpoint}"
    messages: list[str] = []
    deadline = time.monotonic() + 10
    while not messages and time.monotonic() < deadline:
        messages = [e["message"] for e in client.logs.filter_log_events(logGroupName=group)["events"]]
    assert any("ready in" in message for message in messages)


def test_errors_of_the_container_are_model_errors(client: HostingClient, endpoint: str) -> None:
    with pytest.raises(ClientError) as caught:
        client.invoke(endpoint, amount=-5)
    error = caught.value.response
    assert error["Error"]["Code"] == "ModelError"
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert error["OriginalStatusCode"] == 422
    assert '"field":"amount"' in error["OriginalMessage"]
    assert error["LogStreamArn"].endswith(endpoint)
    assert client.invoke(endpoint)["transaction_id"] == "t-1"


def test_an_update_loses_no_request(client: HostingClient, endpoint: str, tmp_path: Path) -> None:
    url = client.upload_bundle(tmp_path, "second", seed=2)
    client.create_config("second", url)
    versions: list[str] = []
    failures: list[Exception] = []
    done = threading.Event()

    def call() -> None:
        while not done.is_set():
            try:
                versions.append(client.invoke(endpoint)["model_version"])
            except Exception as error:
                failures.append(error)

    callers = [threading.Thread(target=call) for _ in range(4)]
    for caller in callers:
        caller.start()
    old = client.servers()
    client.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName="second")
    with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
        client.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName="second")
    described = client.wait(endpoint)
    ended = [pid for pid in old if client.gone(pid)]
    done.set()
    for caller in callers:
        caller.join()
    assert failures == []
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", "second")
    assert len(ended) == 1
    assert {"first", "second"} == set(versions)
    assert versions[-1] == "second"


def test_a_killed_server_is_restarted_and_requests_wait_for_it(client: HostingClient, endpoint: str) -> None:
    before = set(client.servers())
    client.invoke(endpoint)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    started = time.monotonic()
    assert client.invoke(endpoint)["model_version"] == "first"
    assert time.monotonic() - started < 15
    assert set(client.servers()).isdisjoint(before)
    assert client.wait(endpoint)["EndpointStatus"] == "InService"


def test_an_update_that_fails_keeps_the_old_model(client: HostingClient, endpoint: str) -> None:
    client.s3.put_object(Bucket="models", Key="broken/model.tar.gz", Body=b"not an archive")
    client.create_config("broken-data", "s3://models/broken/model.tar.gz")
    before = client.servers()
    client.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName="broken-data")
    described = client.wait(endpoint)
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", "first")
    assert "Failed to extract model data" in described["FailureReason"]
    assert client.servers() == before
    assert client.invoke(endpoint)["model_version"] == "first"


def test_an_image_that_ends_at_once_fails_the_endpoint(
    client: HostingClient, config: str, tmp_path: Path
) -> None:
    (tmp_path / "Dockerfile").write_text(
        'FROM scratch\nENTRYPOINT ["python", "-c", "raise SystemExit(\'no luck today\')"]\n'
    )
    image = push(client.mirror, "unlucky", tmp_path, str(tmp_path / "Dockerfile"))
    client.create_config("unlucky", None, image=image)
    described = client.create_endpoint("unlucky", "unlucky")
    assert described["EndpointStatus"] == "Failed"
    assert "did not pass the ping health check" in described["FailureReason"]
    assert "no luck today" in described["FailureReason"]
    with pytest.raises(ClientError, match="status Failed"):
        client.sagemaker.update_endpoint(EndpointName="unlucky", EndpointConfigName=config)
    with pytest.raises(ClientError, match="not found"):
        client.invoke("unlucky")
    client.sagemaker.delete_endpoint(EndpointName="unlucky")


@pytest.mark.parametrize(
    ("name", "reason"), [("absent", "not in the mirror"), ("sagemaker-xgboost", "SageMaker's own")]
)
def test_an_image_that_cannot_be_hosted_fails_the_endpoint(
    client: HostingClient, name: str, reason: str
) -> None:
    client.create_config(name, None, image=f"123456789012.dkr.ecr.us-east-1.amazonaws.com/{name}:1")
    described = client.create_endpoint(name, name)
    assert (described["EndpointStatus"], reason in described["FailureReason"]) == ("Failed", True)
    client.sagemaker.delete_endpoint(EndpointName=name)


def test_a_corrupt_bundle_fails_the_health_check(client: HostingClient, tmp_path: Path) -> None:
    url = client.upload_bundle(tmp_path, "corrupt", seed=1, without="bundle.json")
    client.create_config("corrupt", url)
    described = client.create_endpoint("corrupt", "corrupt")
    assert described["EndpointStatus"] == "Failed"
    assert "did not pass the ping health check" in described["FailureReason"]
    assert "bundle.json is missing" in described["FailureReason"]
    client.sagemaker.delete_endpoint(EndpointName="corrupt")


def test_a_model_package_is_deployed_only_once_it_is_approved(client: HostingClient, tmp_path: Path) -> None:
    url = client.upload_bundle(tmp_path, "packaged", seed=3)
    container = {"Image": client.image, "ModelDataUrl": url, "Environment": {"FRAUDLINE_REPLAY": "1"}}
    client.sagemaker.create_model_package_group(ModelPackageGroupName="fraud")
    arn = client.sagemaker.create_model_package(
        ModelPackageGroupName="fraud",
        ModelApprovalStatus="PendingManualApproval",
        InferenceSpecification={
            "Containers": [container],
            "SupportedContentTypes": ["application/json"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
    )["ModelPackageArn"]
    for status in ("PendingManualApproval", "Rejected"):
        client.sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus=status)
        with pytest.raises(ClientError, match=f"approval status is {status}"):
            client.create_config("packaged", None, package=arn)
    client.sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    client.create_config("packaged", None, package=arn)
    assert client.create_endpoint("packaged", "packaged")["EndpointStatus"] == "InService"
    answer = client.invoke("packaged")
    assert (answer["decided_by"], answer["model_version"]) == ("model", "packaged")
    client.sagemaker.delete_endpoint(EndpointName="packaged")


def test_rules_answer_where_there_is_no_model(client: HostingClient) -> None:
    client.create_config("rules", None)
    assert client.create_endpoint("rules", "rules")["EndpointStatus"] == "InService"
    answer = client.invoke("rules", amount=20_000)
    assert (answer["decided_by"], answer["decision"]) == ("rules", "decline")
    client.sagemaker.delete_endpoint(EndpointName="rules")


def test_counts_change_and_both_processes_serve(client: HostingClient, endpoint: str) -> None:
    before = len(client.servers())
    for count in (2, 1):
        client.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=endpoint,
            DesiredWeightsAndCapacities=[{"VariantName": "live", "DesiredInstanceCount": count}],
        )
        described = client.wait(endpoint)
        assert described["ProductionVariants"][0]["CurrentInstanceCount"] == count
        deadline = time.monotonic() + 10
        while len(client.servers()) != before + count - 1 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert len(client.servers()) == before + count - 1
        assert [client.invoke(endpoint)["decision"] for _ in range(4)]


def test_a_deleted_endpoint_is_gone(client: HostingClient, config: str) -> None:
    client.create_endpoint("short-lived", config)
    (pid,) = client.servers()
    client.sagemaker.delete_endpoint(EndpointName="short-lived")
    assert client.gone(pid)
    with pytest.raises(ClientError, match="not found"):
        client.invoke("short-lived")
    # The process ends first, then the endpoint is forgotten.
    waiter = client.sagemaker.get_waiter("endpoint_deleted")
    waiter.wait(EndpointName="short-lived", WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    with pytest.raises(ClientError, match="Could not find endpoint"):
        client.sagemaker.describe_endpoint(EndpointName="short-lived")


def test_changes_of_status_are_events(client: HostingClient, config: str) -> None:
    events, queues = client.mirror.client("events"), client.mirror.client("sqs")
    url = queues.create_queue(QueueName="endpoint-events")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Endpoint State Change"],
        "detail": {"EndpointName": ["watched"], "EndpointStatus": ["IN_SERVICE"]},
    }
    events.put_rule(Name="watched", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="watched", Targets=[{"Id": "queue", "Arn": arn}])
    client.create_endpoint("watched", config)
    (message,) = queues.receive_message(QueueUrl=url, WaitTimeSeconds=10)["Messages"]
    event = json.loads(message["Body"])
    assert event["detail"]["EndpointConfigName"] == config
    assert event["resources"] == [event["detail"]["EndpointArn"]]
    client.sagemaker.delete_endpoint(EndpointName="watched")


def test_what_does_not_exist_or_exists_is_refused(client: HostingClient, config: str) -> None:
    sagemaker = client.sagemaker
    with pytest.raises(ClientError, match="Could not find endpoint configuration"):
        sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="absent-config")
    variant = {"VariantName": "v", "ModelName": "absent-model", "InstanceType": "ml.m5.large"}
    variants = [variant | {"InitialInstanceCount": 1}]
    with pytest.raises(ClientError, match="Could not find model"):
        sagemaker.create_endpoint_config(EndpointConfigName="x", ProductionVariants=variants)
    with pytest.raises(ClientError, match="already existing model"):
        sagemaker.create_model(ModelName=config, PrimaryContainer={"Image": "i"}, ExecutionRoleArn=ROLE)
    with pytest.raises(ClientError, match="Could not find model"):
        sagemaker.delete_model(ModelName="absent-model")
    models = sagemaker.list_models(NameContains=config)["Models"]
    assert [model["ModelName"] for model in models] == [config]
    configs = sagemaker.list_endpoint_configs(NameContains=config)["EndpointConfigs"]
    assert [found["EndpointConfigName"] for found in configs] == [config]


def test_endpoints_come_back_with_the_mirror(start_mirror: StartMirror, tmp_path: Path) -> None:
    mirror = start_mirror()
    client = HostingClient(mirror, push_inference_image(mirror))
    client.create_feature_groups()
    url = client.upload_bundle(tmp_path, "first", seed=1)
    client.create_endpoint("lasting", client.create_config("first", url))
    score = client.invoke("lasting")["score"]
    assert score is not None
    (pid,) = client.servers()
    mirror.kill()
    assert client.gone(pid)
    mirror.start()
    assert client.invoke("lasting")["score"] == score
