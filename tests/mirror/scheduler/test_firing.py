"""Schedules fire: with a clock of the test's own, and with the real one."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.events.models import events_backends
from moto.scheduler.models import scheduler_backends

from mirror.api import Context, ServiceError, call
from mirror.cloud import Cloud
from mirror.documents import utcnow
from mirror.events import bus
from mirror.events.delivery import Delivery
from mirror.scheduler import firing, operations
from tests.mirror.running import RunningMirror

QUEUE = "arn:aws:sqs:us-east-1:123456789012:fired"
EVERY_MINUTE = {"ScheduleExpression": "rate(1 minute)"}


@pytest.fixture
def delivered(monkeypatch: pytest.MonkeyPatch) -> list[Delivery]:
    """What would be delivered, in order."""
    found: list[Delivery] = []
    monkeypatch.setattr(firing, "deliver", found.append)
    return found


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    scheduler_backends["123456789012"]["us-east-1"].reset()
    return Context(Cloud(tmp_path), "us-east-1")


def schedule(ctx: Context, **fields: Any) -> None:
    params = {
        "Name": "s",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {
            "Arn": QUEUE,
            "RoleArn": "arn:aws:iam::123456789012:role/r",
            "Input": "<aws.scheduler.scheduled-time>",
        },
        **fields,
    }
    assert operations  # importing it registers the operation
    call(ctx, "scheduler", "CreateSchedule", params)


def test_a_rate_fires_once_in_every_period(ctx: Context, delivered: list[Delivery]) -> None:
    start = utcnow()
    schedule(ctx, **EVERY_MINUTE)
    clock = firing.Firing(ctx.cloud, start)
    for seconds in (1, 30, 59, 62, 90, 121, 240):
        clock.tick(start + timedelta(seconds=seconds))
    # At its creation, after one minute, after two, and once for all that were missed until the fourth.
    times = [delivery.text for delivery in delivered]
    assert len(times) == 4
    assert times == sorted(set(times))


def test_a_disabled_schedule_does_not_fire(ctx: Context, delivered: list[Delivery]) -> None:
    schedule(ctx, State="DISABLED", **EVERY_MINUTE)
    firing.Firing(ctx.cloud, utcnow() - timedelta(hours=1)).tick(utcnow() + timedelta(hours=1))
    assert delivered == []


def test_start_and_end_bound_a_schedule(ctx: Context, delivered: list[Delivery]) -> None:
    now = utcnow()
    schedule(ctx, **EVERY_MINUTE, StartDate=now + timedelta(minutes=10), EndDate=now + timedelta(minutes=11))
    clock = firing.Firing(ctx.cloud, now)
    for minute in range(30):
        clock.tick(now + timedelta(minutes=minute, seconds=1))
    assert len(delivered) == 2


def test_at_fires_once_and_goes_if_asked(ctx: Context, delivered: list[Delivery]) -> None:
    now = utcnow()
    moment = (now + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%S")
    schedule(ctx, ScheduleExpression=f"at({moment})", ActionAfterCompletion="DELETE")
    clock = firing.Firing(ctx.cloud, now)
    for minute in (0, 2, 3):
        clock.tick(now + timedelta(minutes=minute))
    assert [delivery.text for delivery in delivered] == [f"{moment}Z"]
    assert scheduler_backends["123456789012"]["us-east-1"].list_schedules(None, None)[0] == []


def test_a_schedule_that_fails_keeps_no_other_from_firing(
    ctx: Context, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    fired: list[str] = []

    def deliver(delivery: Delivery) -> None:
        name = delivery.source.rpartition("/")[2]
        if name == "b-fails":
            raise RuntimeError("no thread left")
        fired.append(name)

    monkeypatch.setattr(firing, "deliver", deliver)
    start = utcnow()
    names = ("a", "b-fails", "c-unreadable", "d")
    for name in names:
        schedule(ctx, Name=name, **EVERY_MINUTE)
    (group,) = scheduler_backends["123456789012"]["us-east-1"].schedule_groups.values()
    group.schedules["c-unreadable"].creation_date = None
    firing.Firing(ctx.cloud, start).tick(start + timedelta(minutes=2))
    assert fired == ["a", "d"]
    assert "b-fails does not fire" in caplog.text
    assert "c-unreadable does not fire" in caplog.text


def test_a_rule_that_fails_keeps_no_other_from_firing(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    fired: list[str] = []

    def send(_ctx: Context, rule: Any, _message: dict[str, Any]) -> None:
        if rule.name == "b":
            raise RuntimeError("no thread left")
        fired.append(rule.name)

    monkeypatch.setattr(bus, "send", send)
    backend = events_backends["123456789012"]["us-east-1"]
    backend.reset()
    for name in "abc":
        backend.put_rule(name=name, scheduled_expression="rate(1 minute)", state="ENABLED")
    firing.Firing(ctx.cloud, utcnow() - timedelta(minutes=2)).tick(utcnow())
    backend.reset()
    assert fired == ["a", "c"]


ROLE = "arn:aws:iam::123456789012:role/r"


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"ScheduleExpression": "cron(0 2 * * ?)"}, "6 fields"),
        ({**EVERY_MINUTE, "ScheduleExpressionTimezone": "Mars/Olympus"}, "Mars"),
        (
            {
                **EVERY_MINUTE,
                "Target": {"Arn": "arn:aws:ecs:us-east-1:1:cluster/c", "RoleArn": ROLE},
            },
            "ecs",
        ),
        (
            {
                **EVERY_MINUTE,
                "Target": {"Arn": "arn:aws:scheduler:::aws-sdk:sqs:fly", "RoleArn": ROLE},
            },
            "fly",
        ),
    ],
)
def test_a_schedule_that_could_never_fire_is_refused(
    ctx: Context, fields: dict[str, Any], named: str
) -> None:
    with pytest.raises(ServiceError, match=named):
        schedule(ctx, **fields)


@pytest.mark.slow
def test_the_real_clock(mirror: RunningMirror) -> None:
    sqs, scheduler = mirror.client("sqs"), mirror.client("scheduler")
    url = sqs.create_queue(QueueName="fired")["QueueUrl"]
    moment = (utcnow() + timedelta(seconds=3)).strftime("%Y-%m-%dT%H:%M:%S")
    common = {"FlexibleTimeWindow": {"Mode": "OFF"}}
    role = "arn:aws:iam::123456789012:role/r"
    scheduler.create_schedule(
        Name="templated",
        ScheduleExpression=f"at({moment})",
        Target={"Arn": QUEUE, "RoleArn": role, "Input": "templated"},
        **common,
    )
    scheduler.create_schedule(
        Name="universal",
        ScheduleExpression=f"at({moment})",
        Target={
            "Arn": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage",
            "RoleArn": role,
            "Input": json.dumps({"QueueUrl": url, "MessageBody": "universal"}),
        },
        **common,
    )
    bodies: set[str] = set()
    deadline = time.monotonic() + 20
    while bodies != {"templated", "universal"} and time.monotonic() < deadline:
        for message in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", []):
            bodies.add(message["Body"])
    assert bodies == {"templated", "universal"}
    with pytest.raises(ClientError, match="Invalid Schedule Expression"):
        scheduler.create_schedule(
            Name="never", ScheduleExpression="rate(0 days)", Target={"Arn": QUEUE, "RoleArn": role}, **common
        )
