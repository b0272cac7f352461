"""Functions run for real: context, errors, time limit, logs, concurrency, asynchronous outcomes."""

from __future__ import annotations

import base64
import io
import json
import threading
import time
import zipfile
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from mirror.cloud import CREDENTIALS
from tests.mirror.running import RunningMirror

pytestmark = pytest.mark.slow

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)


def function(mirror: RunningMirror, name: str, code: str, **settings: Any) -> str:
    """Create a function of one file; returns its ARN."""
    iam = mirror.client("iam")
    try:
        role = iam.create_role(RoleName="functions", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    except iam.exceptions.EntityAlreadyExistsException:
        role = iam.get_role(RoleName="functions")["Role"]["Arn"]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("package/module.py", code)
    made = mirror.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.12",
        Handler="package/module.handler",
        Role=role,
        Code={"ZipFile": buffer.getvalue()},
        **{"Timeout": 10, **settings},
    )
    return str(made["FunctionArn"])


def invoke(mirror: RunningMirror, name: str, event: Any = None, **params: Any) -> dict[str, Any]:
    answer: dict[str, Any] = mirror.client("lambda").invoke(
        FunctionName=name, Payload=json.dumps(event).encode(), **params
    )
    answer["Payload"] = json.loads(answer["Payload"].read() or b"null")
    return answer


def queue(mirror: RunningMirror, name: str) -> tuple[str, str]:
    url = mirror.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    return url, f"arn:aws:sqs:us-east-1:123456789012:{name}"


def test_context_environment_and_log(mirror: RunningMirror) -> None:
    code = """
import os, boto3
def handler(event, context):
    print("the event is", event)
    return {
        "name": context.function_name, "left": context.get_remaining_time_in_millis(),
        "id": context.aws_request_id, "arn": context.invoked_function_arn,
        "setting": os.environ["SETTING"], "account": boto3.client("sts").get_caller_identity()["Account"],
    }
"""
    arn = function(mirror, "contextual", code, Environment={"Variables": {"SETTING": "on"}})
    answer = invoke(mirror, "contextual", {"a": 1}, LogType="Tail")
    assert answer["StatusCode"] == 200
    payload = answer["Payload"]
    assert (payload["name"], payload["arn"], payload["setting"]) == ("contextual", arn, "on")
    assert payload["account"] == "123456789012"
    assert 0 < payload["left"] <= 10_000
    assert "the event is {'a': 1}" in base64.b64decode(answer["LogResult"]).decode()
    events = mirror.client("logs").filter_log_events(logGroupName="/aws/lambda/contextual")["events"]
    messages = [event["message"] for event in events]
    assert messages[0] == f"START RequestId: {payload['id']} Version: $LATEST"
    assert "the event is {'a': 1}" in messages
    assert messages[-1].startswith(f"REPORT RequestId: {payload['id']}")


@pytest.mark.parametrize(
    ("code", "kind", "message"),
    [
        ("def handler(e, c): raise KeyError('x')", "KeyError", "x"),
        ("def other(e, c): pass", "AttributeError", "handler"),
        ("import not_there", "ModuleNotFoundError", "not_there"),
        ("import time\ndef handler(e, c): time.sleep(60)", "Sandbox.Timedout", "after 1.00 seconds"),
        ("import os\ndef handler(e, c): os._exit(3)", "Runtime.ExitError", "exit status 3"),
        ("def handler(e, c): return object()", "TypeError", "not JSON serializable"),
    ],
)
def test_errors(mirror: RunningMirror, code: str, kind: str, message: str) -> None:
    name = f"fails-{kind.replace('.', '-')}"
    timeout = 1 if kind == "Sandbox.Timedout" else 10
    function(mirror, name, code, Timeout=timeout)
    answer = invoke(mirror, name)
    assert answer["FunctionError"] == "Unhandled"
    assert answer["Payload"]["errorType"] == kind
    assert message in answer["Payload"]["errorMessage"]


def test_unknown_functions_and_dry_runs(mirror: RunningMirror) -> None:
    with pytest.raises(ClientError, match="Function not found"):
        invoke(mirror, "nobody")
    function(mirror, "dry", "def handler(e, c): raise SystemExit")
    assert invoke(mirror, "dry", InvocationType="DryRun")["StatusCode"] == 204


def test_reserved_concurrency(mirror: RunningMirror) -> None:
    import boto3

    function(mirror, "narrow", "import time\ndef handler(e, c): time.sleep(2)")
    client = boto3.client(
        "lambda",
        endpoint_url=mirror.endpoint_url,
        region_name="us-east-1",
        config=Config(retries={"total_max_attempts": 1}),
        **CREDENTIALS,
    )
    client.put_function_concurrency(FunctionName="narrow", ReservedConcurrentExecutions=1)
    first = threading.Thread(target=invoke, args=(mirror, "narrow"))
    first.start()
    time.sleep(0.7)
    with pytest.raises(ClientError, match="TooManyRequests"):
        client.invoke(FunctionName="narrow")
    first.join()


def test_an_event_is_tried_again_and_then_given_up(mirror: RunningMirror) -> None:
    (dead_url, dead), (failed_url, failed) = queue(mirror, "dead"), queue(mirror, "failed")
    function(
        mirror, "flaky", "def handler(e, c): raise ValueError('never')", DeadLetterConfig={"TargetArn": dead}
    )
    mirror.client("lambda").put_function_event_invoke_config(
        FunctionName="flaky",
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": failed}},
    )
    assert invoke(mirror, "flaky", {"n": 1}, InvocationType="Event")["StatusCode"] == 202
    sqs = mirror.client("sqs")
    bodies = []
    for url in (dead_url, failed_url):
        (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=15, MessageAttributeNames=["All"])[
            "Messages"
        ]
        bodies.append(json.loads(message["Body"]))
    assert bodies[0] == {"n": 1}
    record = bodies[1]
    assert record["requestPayload"] == {"n": 1}
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 2
    assert record["responsePayload"]["errorMessage"] == "never"


def test_a_function_deleted_while_it_runs_leaves_no_log_group(mirror: RunningMirror) -> None:
    function(mirror, "leaving", "import time\ndef handler(e, c): time.sleep(2)")
    running = threading.Thread(target=invoke, args=(mirror, "leaving"))
    running.start()
    time.sleep(0.7)
    mirror.client("lambda").delete_function(FunctionName="leaving")
    running.join()
    logs = mirror.client("logs")
    assert logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/leaving")["logGroups"] == []
    function(mirror, "staying", "def handler(e, c): return 1")
    invoke(mirror, "staying")
    assert len(logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/staying")["logGroups"]) == 1


def test_a_rule_runs_a_function(mirror: RunningMirror) -> None:
    url, _ = queue(mirror, "seen")
    code = (
        "import boto3, json\n"
        "def handler(event, context):\n"
        f"    boto3.client('sqs').send_message(QueueUrl={url!r}, MessageBody=json.dumps(event))"
    )
    arn = function(mirror, "listener", code)
    events = mirror.client("events")
    events.put_rule(Name="listen", EventPattern='{"source": ["shop"]}')
    events.put_targets(Rule="listen", Targets=[{"Id": "f", "Arn": arn, "InputPath": "$.detail"}])
    events.put_events(Entries=[{"Source": "shop", "DetailType": "Sold", "Detail": '{"item": 7}'}])
    (message,) = mirror.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=15)["Messages"]
    assert json.loads(message["Body"]) == {"item": 7}
