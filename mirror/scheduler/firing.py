"""Finds the schedules and rules that became due, and hands them to delivery."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from moto.events.models import events_backends
from moto.scheduler.models import scheduler_backends

from mirror.api import Context, Document
from mirror.cloud import Cloud
from mirror.events import bus
from mirror.events.delivery import Delivery, deliver
from mirror.scheduler.expressions import happens_once, last_due
from mirror.snapshots import service as snapshots

log = logging.getLogger(__name__)


@dataclass
class Firing:
    """Fires what became due since the last call of `tick`.

    Args:
        since: nothing due at or before this moment fires any more.
    """

    cloud: Cloud
    since: datetime

    def tick(self, now: datetime) -> None:
        """Fire everything due after the last tick, up to `now`; once each, however late it is."""
        after, self.since = self.since, now
        for region in _regions(scheduler_backends, self.cloud.account):
            ctx = Context(self.cloud, region)
            for schedule in list(_schedules(ctx)):
                with _isolated(schedule.arn):
                    due = _due(schedule, after, now)
                    if due is not None:
                        _fire(ctx, schedule, due)
        for region in _regions(events_backends, self.cloud.account):
            self._tick_rules(Context(self.cloud, region), after, now)

    def _tick_rules(self, ctx: Context, after: datetime, now: datetime) -> None:
        for rule in list(events_backends[ctx.account][ctx.region].event_buses["default"].rules.values()):
            if rule.state != "ENABLED" or not rule.scheduled_expression:
                continue
            with _isolated(rule.arn):
                due = last_due(rule.scheduled_expression, "UTC", datetime(1970, 1, 1, tzinfo=UTC), now)
                if due is not None and due > after:
                    bus.send(ctx, rule, bus.event(ctx, "aws.events", "Scheduled Event", {}, [rule.arn], due))


def _due(schedule: Any, after: datetime, now: datetime) -> datetime | None:
    if schedule.state != "ENABLED":
        return None
    start = _moment(schedule.start_date)
    end = _moment(schedule.end_date)
    anchor = start or datetime.fromtimestamp(schedule.creation_date, UTC)
    due = last_due(schedule.schedule_expression, schedule.schedule_expression_timezone, anchor, now)
    if due is None or due <= after or (start and due < start) or (end and due > end):
        return None
    return due


@contextmanager
def _isolated(arn: str) -> Iterator[None]:
    """Keep what is wrong with one schedule from the others due at the same tick."""
    try:
        yield
    except ValueError as error:
        log.error("%s does not fire: %s", arn, error)
    except Exception:
        log.exception("%s does not fire", arn)


def _fire(ctx: Context, schedule: Any, due: datetime) -> None:
    target: Document = schedule.target
    context = {
        "<aws.scheduler.schedule-arn>": schedule.arn,
        "<aws.scheduler.scheduled-time>": due.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "<aws.scheduler.execution-id>": str(uuid4()),
        "<aws.scheduler.attempt-number>": "1",
    }
    text: str = target.get("Input") or "{}"
    for name, value in context.items():
        text = text.replace(name, value)
    log.info("%s fires for %s", schedule.arn, context["<aws.scheduler.scheduled-time>"])
    event = {"version": "1", "time": context["<aws.scheduler.scheduled-time>"], "input": text}
    deliver(Delivery(ctx, schedule.arn, target, text, event))
    if happens_once(schedule.schedule_expression) and schedule.action_after_completion == "DELETE":
        scheduler_backends[ctx.account][ctx.region].delete_schedule(schedule.group_name, schedule.name)
        snapshots.changed()


def _schedules(ctx: Context) -> Iterator[Any]:
    groups = scheduler_backends[ctx.account][ctx.region].schedule_groups
    for group in list(groups.values()):
        yield from list(group.schedules.values())


def _regions(backends: Any, account: str) -> list[str]:
    """Regions where something was made: touching a backend would make it."""
    return list(backends[account].keys()) if account in backends else []


def _moment(value: Any) -> datetime | None:
    return None if value in (None, "") else datetime.fromtimestamp(float(value), UTC)
