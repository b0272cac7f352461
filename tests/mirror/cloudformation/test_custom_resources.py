"""Custom resources: a real function, answering at a real ResponseURL."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.mirror.cloudformation.deploying import Stack
from tests.mirror.running import RunningMirror

pytestmark = pytest.mark.slow

# Remembers every request in a queue, and does what the resource's properties say.
CODE = """
import json, os, urllib.request
import boto3

def handler(event, context):
    queue = boto3.client("sqs").get_queue_url(QueueName="requests")["QueueUrl"]
    boto3.client("sqs").send_message(QueueUrl=queue, MessageBody=json.dumps(event))
    wanted = event["ResourceProperties"]
    if wanted.get("Raise") == event["RequestType"]:
        raise ValueError("no answer from here")
    answer = {
        "Status": "FAILED" if wanted.get("Fail") == event["RequestType"] else "SUCCESS",
        "Reason": "as asked",
        "PhysicalResourceId": wanted.get("Id", "thing"),
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "Data": {"Doubled": 2 * int(wanted["Number"]), "Nested": {"a": 1}},
    }
    request = urllib.request.Request(event["ResponseURL"], json.dumps(answer).encode(), method="PUT")
    urllib.request.urlopen(request).close()
"""
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
PROVIDER: dict[str, Any] = {
    "Requests": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "requests"}},
    "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}},
    "Function": {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Runtime": "python3.12",
            "Handler": "index.handler",
            "Timeout": 20,
            "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "Code": {"ZipFile": CODE},
        },
    },
    "NoRetries": {
        "Type": "AWS::Lambda::EventInvokeConfig",
        "Properties": {
            "FunctionName": {"Ref": "Function"},
            "Qualifier": "$LATEST",
            "MaximumRetryAttempts": 0,
        },
    },
}


def template(**properties: Any) -> dict[str, Any]:
    """The provider, a custom resource with these properties, and a parameter made of its answer."""
    thing = {
        "Type": "Custom::Thing",
        "DependsOn": ["Requests", "NoRetries"],
        "Properties": {"ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]}, **properties},
    }
    value = {"Fn::Sub": "${Thing}: ${Thing.Doubled}"}
    parameter = {
        "Type": "AWS::SSM::Parameter",
        "Properties": {"Name": "/answer", "Type": "String", "Value": value},
    }
    return {**PROVIDER, "Thing": thing, "Parameter": parameter}


def requests(mirror: RunningMirror) -> list[dict[str, Any]]:
    """Requests the function received since the last call."""
    sqs = mirror.client("sqs")
    url = sqs.get_queue_url(QueueName="requests")["QueueUrl"]
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    for message in messages:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [json.loads(message["Body"]) for message in messages]


def answer(mirror: RunningMirror) -> str:
    return str(mirror.client("ssm").get_parameter(Name="/answer")["Parameter"]["Value"])


def test_create_update_replace_delete(mirror: RunningMirror) -> None:
    stack = Stack(mirror, "custom")
    assert stack.create(template(Number=21, Flag=True)) == "CREATE_COMPLETE", stack.reasons()
    assert answer(mirror) == "thing: 42"
    (create,) = requests(mirror)
    assert create["RequestType"] == "Create"
    assert create["ResourceType"] == "Custom::Thing"
    assert (create["ResourceProperties"]["Number"], create["ResourceProperties"]["Flag"]) == ("21", "true")

    assert stack.update(template(Number=5)) == "UPDATE_COMPLETE", stack.reasons()
    assert answer(mirror) == "thing: 10"
    (update,) = requests(mirror)
    assert (update["RequestType"], update["PhysicalResourceId"]) == ("Update", "thing")
    assert update["OldResourceProperties"]["Number"] == "21"

    assert stack.update(template(Number=5, Id="other")) == "UPDATE_COMPLETE", stack.reasons()
    assert answer(mirror) == "other: 10"
    update, delete = requests(mirror)
    assert (update["RequestType"], delete["RequestType"]) == ("Update", "Delete")
    assert delete["PhysicalResourceId"] == "thing"

    assert stack.update(template(Number=1, Id="other", Fail="Update")) == "UPDATE_ROLLBACK_COMPLETE"
    assert "as asked" in stack.reasons()
    assert answer(mirror) == "other: 10"

    assert stack.delete() == "DELETE_COMPLETE", stack.reasons()


@pytest.mark.parametrize(
    ("properties", "reason"),
    [({"Fail": "Create"}, "as asked"), ({"Raise": "Create"}, "no answer from here")],
    ids=["answers FAILED", "raises"],
)
def test_a_failed_create_rolls_the_stack_back(
    mirror: RunningMirror, properties: dict[str, str], reason: str
) -> None:
    stack = Stack(mirror, f"custom-{next(iter(properties.items()))[0].lower()}")
    assert stack.create(template(Number=1, **properties)) == "ROLLBACK_COMPLETE"
    assert reason in stack.reasons()
    assert stack.delete() == "DELETE_COMPLETE", stack.reasons()


def test_an_unknown_answer_is_refused(mirror: RunningMirror) -> None:
    import urllib.error
    import urllib.request

    url = f"{mirror.endpoint_url}/_fraudline/cfn-response/unknown"
    for body, code in ((b"{}", 404), (b"not json", 400)):
        with pytest.raises(urllib.error.HTTPError) as raised:
            urllib.request.urlopen(urllib.request.Request(url, body, method="PUT"))
        assert raised.value.code == code
