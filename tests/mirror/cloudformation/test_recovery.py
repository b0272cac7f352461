"""Operations that were cut off: by a failure with rollback disabled, or with the mirror itself."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from tests.mirror.cloudformation.deploying import Stack, body
from tests.mirror.conftest import StartMirror
from tests.mirror.running import RunningMirror

pytestmark = pytest.mark.slow

BROKEN = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "not a queue name!"}}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
# Answers nothing but deletions, so that an operation hangs until the mirror is killed.
SILENT = """
import json, urllib.request
def handler(event, context):
    if event["RequestType"] == "Delete" or event["ResourceProperties"]["Answer"] == "yes":
        answer = {"Status": "SUCCESS", "PhysicalResourceId": "p"}
        body = json.dumps(answer).encode()
        urllib.request.urlopen(urllib.request.Request(event["ResponseURL"], body, method="PUT"))
"""


def parameter(value: str) -> dict[str, Any]:
    return {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/v", "Type": "String", "Value": value}}


def hanging(value: str, answer: str) -> dict[str, Any]:
    function = {
        "Runtime": "python3.12",
        "Handler": "index.handler",
        "Timeout": 20,
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Code": {"ZipFile": SILENT},
    }
    token = {"Fn::GetAtt": ["F", "Arn"]}
    return {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}},
        "F": {"Type": "AWS::Lambda::Function", "Properties": function},
        "P": parameter(value),
        "Thing": {
            "Type": "Custom::Thing",
            "DependsOn": "P",
            "Properties": {"ServiceToken": token, "Answer": answer},
        },
    }


def begin(stack: Stack, **request: Any) -> None:
    """Send a request that will not be answered before the mirror is killed."""
    call = stack.api.update_stack if request.pop("update", False) else stack.api.create_stack

    def send() -> None:
        try:
            call(StackName=stack.name, **request)
        except Exception:
            return

    threading.Thread(target=send, daemon=True).start()


def wait_for(stack: Stack, logical_id: str, status: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            rows = stack.api.describe_stack_resources(StackName=stack.name)["StackResources"]
        except stack.api.exceptions.ClientError:
            rows = []
        if any(row["LogicalResourceId"] == logical_id and row["ResourceStatus"] == status for row in rows):
            return
        time.sleep(0.05)
    raise AssertionError(f"{logical_id} never became {status}")


def value(mirror: RunningMirror) -> str:
    return str(mirror.client("ssm").get_parameter(Name="/v")["Parameter"]["Value"])


def test_rollback_on_demand(mirror: RunningMirror) -> None:
    stack = Stack(mirror, "kept")
    stack.create({"P": parameter("before")})
    resources = {"P": parameter("after"), "Q": {**BROKEN, "DependsOn": "P"}}
    stack.api.update_stack(StackName="kept", TemplateBody=body(resources), DisableRollback=True)
    assert stack.settled() == "UPDATE_FAILED"
    assert value(mirror) == "after"
    stack.api.rollback_stack(StackName="kept")
    assert stack.settled() == "UPDATE_ROLLBACK_COMPLETE"
    assert value(mirror) == "before"
    assert stack.delete() == "DELETE_COMPLETE"


@pytest.mark.timeout(240)
def test_killed_in_the_middle(start_mirror: StartMirror) -> None:
    mirror = start_mirror()
    stack = Stack(mirror, "cut")
    begin(stack, TemplateBody=body(hanging("first", "no")))
    wait_for(stack, "Thing", "CREATE_IN_PROGRESS")
    time.sleep(1.5)  # moto's state is written a moment after a change
    mirror.kill()
    mirror.start()
    assert stack.settled() == "ROLLBACK_COMPLETE"
    assert mirror.client("ssm").describe_parameters()["Parameters"] == []
    assert stack.delete() == "DELETE_COMPLETE"

    assert stack.create(hanging("first", "yes")) == "CREATE_COMPLETE"
    begin(stack, TemplateBody=body(hanging("second", "no")), update=True)
    wait_for(stack, "Thing", "UPDATE_IN_PROGRESS")
    time.sleep(1.5)
    mirror.kill()
    mirror.start()
    assert stack.settled() == "UPDATE_ROLLBACK_COMPLETE", stack.reasons()
    assert value(mirror) == "first"
    assert stack.update(hanging("second", "yes")) == "UPDATE_COMPLETE"
    assert stack.delete() == "DELETE_COMPLETE"
