"""Matches events with the rules of a bus and hands them to delivery."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from moto.events.models import EventBus, events_backends

from mirror.api import Context, Document, ServiceError
from mirror.documents import utcnow
from mirror.events.delivery import Delivery, deliver
from mirror.events.transform import target_input


def publish(
    ctx: Context, source: str, detail_type: str, detail: Document, resources: Sequence[str] = ()
) -> str:
    """Put an event of an AWS service on the default bus; returns its id at once.

    Matching rules' targets are reached in the background, with retries.
    """
    return put(ctx, event(ctx, source, detail_type, detail, resources), "default")


def event(
    ctx: Context,
    source: str,
    detail_type: str,
    detail: Document,
    resources: Sequence[str] = (),
    time: datetime | None = None,
) -> Document:
    """The envelope that rules match and targets receive."""
    return {
        "version": "0",
        "id": str(uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": ctx.account,
        "time": (time or utcnow()).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": ctx.region,
        "resources": list(resources),
        "detail": detail,
    }


def put(ctx: Context, message: Document, bus_name: str) -> str:
    """Deliver `message` to the targets of every enabled rule of the bus that matches.

    Raises:
        ServiceError: there is no such bus.
    """
    buses: dict[str, EventBus] = events_backends[ctx.account][ctx.region].event_buses
    bus = buses.get(bus_name.rpartition("/")[2])
    if bus is None:
        raise ServiceError("ResourceNotFoundException", f"Event bus {bus_name} does not exist.")
    for rule in list(bus.rules.values()):
        # A rule that only has a schedule has an empty pattern, which would match everything.
        if rule.state != "ENABLED" or not rule.event_pattern.get_pattern():
            continue
        if rule.event_pattern.matches_event(message):
            send(ctx, rule, message)
    return str(message["id"])


def send(ctx: Context, rule: Any, message: Document) -> None:
    """Hand `message` to delivery for each target of moto's `rule`."""
    for target in list(rule.targets):
        deliver(Delivery(ctx, rule.arn, target, target_input(target, message, rule), message))
