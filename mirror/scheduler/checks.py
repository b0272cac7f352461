"""What a schedule must satisfy before it is kept."""

from __future__ import annotations

from mirror.api import Document, ServiceError
from mirror.events import targets
from mirror.scheduler import expressions


def check(params: Document) -> None:
    """Check a ``CreateSchedule`` request.

    Raises:
        ServiceError: the expression, the time zone or the target is not one the mirror can fire.
    """
    try:
        expressions.check(params["ScheduleExpression"], params.get("ScheduleExpressionTimezone", "UTC"))
    except ValueError as error:
        raise ServiceError("ValidationException", f"Invalid Schedule Expression: {error}") from error
    targets.check(params["Target"]["Arn"])
