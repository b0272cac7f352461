"""Moments in requests and in events: every form they arrive in, and the one they leave in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from mirror.api import ServiceError


def moment(value: Any) -> datetime:
    """A request's timestamp as an aware datetime; over HTTP it arrives as epoch seconds.

    Raises:
        ServiceError: it is neither a datetime nor a number nor ISO 8601 text.
    """
    try:
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        if isinstance(value, datetime):
            return value if value.tzinfo else value.replace(tzinfo=UTC)
        return datetime.fromtimestamp(float(value), UTC)
    except (TypeError, ValueError, OverflowError) as error:
        raise ServiceError("ValidationException", f"{value!r} is not a timestamp") from error


def iso(value: datetime) -> str:
    """``2026-03-01T12:34:56.789Z``."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def jsonable(value: Any) -> Any:
    """`value` with every datetime inside it as ISO text, ready for an event's detail."""
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, dict):
        return {key: jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    return value
