"""The Scheduler API that makes schedules: one that could never fire is refused; moto keeps the rest."""

from __future__ import annotations

from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.scheduler.models import EventBridgeSchedulerBackend, scheduler_backends

from mirror import timestamps
from mirror.api import Context, Document, ServiceError, operation
from mirror.scheduler.checks import check
from mirror.snapshots import service as snapshots

_FIELDS = {
    "Description": "description",
    "FlexibleTimeWindow": "flexible_time_window",
    "KmsKeyArn": "kms_key_arn",
    "ScheduleExpression": "schedule_expression",
    "ScheduleExpressionTimezone": "schedule_expression_timezone",
    "Target": "target",
}
_NOTE = "targets: Lambda, SQS, SNS, log groups, pipelines, aws-sdk; fires at the start of a flexible window"


@operation("scheduler", "CreateSchedule", coverage="partial", note=_NOTE)
def create_schedule(ctx: Context, params: Document) -> Document:
    """Keep a schedule that the mirror can fire."""
    check(params)
    try:
        made = _backend(ctx).create_schedule(
            name=params["Name"],
            action_after_completion=params.get("ActionAfterCompletion"),
            **_fields(params),
        )
    except KeyError as error:
        message = f"Schedule group {params.get('GroupName')} does not exist."
        raise ServiceError("ResourceNotFoundException", message, 404) from error
    except JsonRESTError as error:
        raise ServiceError(error.error_type, error.message, error.code) from error
    snapshots.changed()
    return {"ScheduleArn": made.arn}


@operation("scheduler", "UpdateSchedule", coverage="partial", note=_NOTE)
def update_schedule(ctx: Context, params: Document) -> Document:
    """Replace every setting of a schedule; what is left out returns to its default."""
    check(params)
    try:
        changed = _backend(ctx).update_schedule(name=params["Name"], **_fields(params))
    except JsonRESTError as error:
        raise ServiceError(error.error_type, error.message, error.code) from error
    changed.action_after_completion = params.get("ActionAfterCompletion")
    snapshots.changed()
    return {"ScheduleArn": changed.arn}


def _fields(params: Document) -> dict[str, Any]:
    fields = {argument: params.get(name) for name, argument in _FIELDS.items()}
    dates = {
        argument: timestamps.moment(params[name]).timestamp() if name in params else None
        for name, argument in (("StartDate", "start_date"), ("EndDate", "end_date"))
    }
    state = {"state": params.get("State", "ENABLED"), "group_name": params.get("GroupName")}
    return fields | dates | state


def _backend(ctx: Context) -> EventBridgeSchedulerBackend:
    backend: EventBridgeSchedulerBackend = scheduler_backends[ctx.account][ctx.region]
    return backend
