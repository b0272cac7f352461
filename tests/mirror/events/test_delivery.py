"""Events reach the targets of the rules that match, or a dead-letter queue."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.mirror.running import RunningMirror

pytestmark = pytest.mark.slow


class Queue:
    """A queue and what arrives in it."""

    def __init__(self, mirror: RunningMirror, name: str) -> None:
        self.sqs = mirror.client("sqs")
        self.url = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        self.arn = f"arn:aws:sqs:us-east-1:123456789012:{name}"

    def receive(self, count: int = 1, timeout: float = 10) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        deadline = time.monotonic() + timeout
        while len(found) < count and time.monotonic() < deadline:
            answer = self.sqs.receive_message(
                QueueUrl=self.url, MessageAttributeNames=["All"], WaitTimeSeconds=1
            )
            for message in answer.get("Messages", []):
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
                found.append(message)
        return found


def rule(mirror: RunningMirror, name: str, pattern: dict[str, Any], *targets: dict[str, Any]) -> None:
    events = mirror.client("events")
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=list(targets))


def put(mirror: RunningMirror, **entry: Any) -> dict[str, Any]:
    base = {"Source": "test", "DetailType": "Thing Happened", "Detail": "{}"}
    answer: dict[str, Any] = mirror.client("events").put_events(Entries=[{**base, **entry}])
    return answer


def test_only_matching_enabled_rules_deliver(mirror: RunningMirror) -> None:
    queue = Queue(mirror, "matched")
    rule(mirror, "big", {"detail": {"size": [{"numeric": [">", 10]}]}}, {"Id": "q", "Arn": queue.arn})
    rule(mirror, "off", {"source": ["test"]}, {"Id": "q", "Arn": queue.arn})
    mirror.client("events").disable_rule(Name="off")
    put(mirror, Detail='{"size": 5}')
    put(mirror, Detail='{"size": 50}', Resources=["arn:thing"])
    (message,) = queue.receive(2, timeout=3)
    event = json.loads(message["Body"])
    assert event["detail"] == {"size": 50}
    assert (event["source"], event["detail-type"], event["resources"]) == (
        "test",
        "Thing Happened",
        ["arn:thing"],
    )


def test_topics_and_log_groups(mirror: RunningMirror) -> None:
    queue, sns, logs = Queue(mirror, "subscribed"), mirror.client("sns"), mirror.client("logs")
    topic = sns.create_topic(Name="topic")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn)
    logs.create_log_group(logGroupName="/events")
    group = "arn:aws:logs:us-east-1:123456789012:log-group:/events"
    rule(
        mirror,
        "both",
        {"source": ["fan-out"]},
        {"Id": "t", "Arn": topic, "Input": '"hello"'},
        {"Id": "l", "Arn": group},
    )
    put(mirror, Source="fan-out")
    (message,) = queue.receive()
    assert json.loads(message["Body"])["Message"] == '"hello"'
    deadline = time.monotonic() + 5
    while not (found := logs.filter_log_events(logGroupName="/events")["events"]):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert json.loads(found[0]["message"])["source"] == "fan-out"


def test_what_cannot_be_delivered_goes_to_the_dead_letter_queue(mirror: RunningMirror) -> None:
    dead = Queue(mirror, "dead")
    gone = {
        "Id": "x",
        "Arn": "arn:aws:sqs:us-east-1:123456789012:gone",
        "DeadLetterConfig": {"Arn": dead.arn},
    }
    rule(mirror, "lost", {"source": ["lost"]}, gone)
    put(mirror, Source="lost", Detail='{"a": 1}')
    (message,) = dead.receive()
    assert json.loads(message["Body"])["detail"] == {"a": 1}
    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert attributes["TARGET_ARN"] == gone["Arn"]
    assert attributes["RULE_ARN"].endswith("rule/lost")
    assert "NonExistentQueue" in attributes["ERROR_CODE"]


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ({"Detail": "not json"}, "MalformedDetail"),
        ({"Detail": "[1]"}, "MalformedDetail"),
        ({"Source": "aws.sagemaker"}, "NotAuthorizedForSourceException"),
        ({"EventBusName": "nowhere"}, "ResourceNotFoundException"),
    ],
)
def test_refused_events(mirror: RunningMirror, entry: dict[str, str], code: str) -> None:
    answer = put(mirror, **entry)
    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][0]["ErrorCode"] == code
