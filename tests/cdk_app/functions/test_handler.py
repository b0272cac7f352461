"""What CloudFormation and EventBridge are told."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from cdk_app.functions.clock import StillInProgressError
from cdk_app.functions.deployer import handler
from tests.cdk_app.functions.fakes import ENDPOINT, World, desired

CONFIGURATION = json.dumps(dataclasses.asdict(desired()))


class Stack:
    """Receives the answers that CloudFormation would."""

    def __init__(self) -> None:
        self.answers: list[dict[str, Any]] = []
        self.content_types: list[str | None] = []
        stack = self

        class Receiver(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                stack.content_types.append(self.headers.get("Content-Type"))
                stack.answers.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None: ...

        self.server = HTTPServer(("127.0.0.1", 0), Receiver)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def request(self, kind: str, configuration: str = CONFIGURATION) -> dict[str, Any]:
        return {
            "RequestType": kind,
            "ResponseURL": f"http://127.0.0.1:{self.server.server_port}/answer?signed=1",
            "StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/serving/1",
            "RequestId": f"request-{len(self.answers)}",
            "LogicalResourceId": "Endpoint",
            "ResourceProperties": {"ServiceToken": "arn", "Configuration": configuration},
        }


class Invocation:
    """The Lambda context."""

    def __init__(self, milliseconds: int = 900_000) -> None:
        self._milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        return self._milliseconds


class Parameters:
    """SSM, and SQS, as far as the handler uses them."""

    def __init__(self) -> None:
        self.value = CONFIGURATION
        self.messages: list[dict[str, Any]] = []

    def get_parameter(self, Name: str) -> dict[str, Any]:  # noqa: N803 - boto3's spelling
        assert Name == "/fraudline-test/serving"
        return {"Parameter": {"Value": self.value}}

    def send_message(self, QueueUrl: str, MessageBody: str) -> None:  # noqa: N803
        assert QueueUrl == "https://queue"
        self.messages.append(json.loads(MessageBody))


@pytest.fixture
def stack() -> Iterator[Stack]:
    stack = Stack()
    yield stack
    stack.server.shutdown()
    stack.server.server_close()


@pytest.fixture
def parameters() -> Parameters:
    return Parameters()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, parameters: Parameters) -> World:
    world = World()
    world.sagemaker.looks_until_settled = 1
    services = {
        "sagemaker": world.sagemaker,
        "application-autoscaling": world.scaling,
        "s3": world.s3,
        "ssm": parameters,
        "sqs": parameters,
    }
    monkeypatch.setattr("boto3.client", services.__getitem__)
    monkeypatch.setenv("DESIRED_PARAMETER", "/fraudline-test/serving")
    monkeypatch.setenv("DEAD_LETTER_QUEUE_URL", "https://queue")
    return world


def approval(arn: str) -> dict[str, Any]:
    return {
        "source": "aws.sagemaker",
        "detail-type": "SageMaker Model Package State Change",
        "detail": {"ModelPackageArn": arn, "ModelApprovalStatus": "Approved"},
    }


def test_create_update_delete(world: World, stack: Stack) -> None:
    package = world.sagemaker.register("Approved")

    for kind in ("Create", "Update", "Delete"):
        handler.handle(stack.request(kind), Invocation())

    created, updated, deleted = stack.answers
    assert [answer["Status"] for answer in stack.answers] == ["SUCCESS"] * 3
    assert {answer["PhysicalResourceId"] for answer in stack.answers} == {ENDPOINT}
    assert created["Data"]["ModelPackageArn"] == package
    assert created["Data"]["DecidedBy"] == "model"
    assert created["RequestId"] == "request-0"
    assert updated["LogicalResourceId"] == "Endpoint"
    assert deleted["StackId"].startswith("arn:aws:cloudformation:")
    assert set(stack.content_types) == {""}, "a content type would break the signature of the address"
    assert not world.sagemaker.endpoints
    assert not world.scaling.targets


@pytest.mark.parametrize(
    ("configuration", "reason"),
    [
        ("not json", "JSONDecodeError"),
        ("[]", "expected a JSON object"),
        ("{}", "endpoint, image, instance_type"),
        (json.dumps({**json.loads(CONFIGURATION), "extra": 1}), "extra unknown"),
        (json.dumps({**json.loads(CONFIGURATION), "max_instances": "4"}), "max_instances is '4', not int"),
    ],
)
def test_a_broken_configuration_fails_with_its_reason(
    world: World, stack: Stack, configuration: str, reason: str
) -> None:
    handler.handle(stack.request("Create", configuration), Invocation())

    (answer,) = stack.answers
    assert answer["Status"] == "FAILED"
    assert reason in answer["Reason"]


def test_a_rolled_back_update_fails_the_stack(world: World, stack: Stack) -> None:
    handler.handle(stack.request("Create"), Invocation())
    world.sagemaker.roll_back_updates = True
    larger = json.dumps({**json.loads(CONFIGURATION), "instance_type": "ml.m5.large"})

    handler.handle(stack.request("Update", larger), Invocation())

    assert stack.answers[-1]["Status"] == "FAILED"
    assert "RolledBackError" in stack.answers[-1]["Reason"]


def test_without_time_left_cloudformation_is_not_answered_yet(world: World, stack: Stack) -> None:
    world.sagemaker.looks_until_settled = 5

    with pytest.raises(StillInProgressError):
        handler.handle(stack.request("Create"), Invocation(milliseconds=1_000))

    assert not stack.answers


def test_an_approval_deploys_with_the_stored_configuration(world: World, parameters: Parameters) -> None:
    package = world.sagemaker.register("Approved")
    parameters.value = json.dumps({**json.loads(CONFIGURATION), "instance_type": "ml.m5.large"})

    answer = handler.handle(approval(package), Invocation())

    assert answer["ModelPackageArn"] == package
    assert world.sagemaker.variant()["InstanceType"] == "ml.m5.large"


def test_a_rolled_back_approval_is_reported_and_not_repeated(world: World, parameters: Parameters) -> None:
    handler.handle(approval(world.sagemaker.register("Approved")), Invocation())
    world.sagemaker.roll_back_updates = True
    event = approval(world.sagemaker.register("Approved"))

    answer = handler.handle(event, Invocation())

    assert "InService on" in answer["Failed"]
    (message,) = parameters.messages
    assert message["event"] == event
    assert "InService on" in message["error"]
