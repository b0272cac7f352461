"""The name of a night: its as-of time, as every job of it is told and as its outputs' keys spell it."""

from __future__ import annotations

from datetime import UTC, datetime

NIGHT_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
"""As EventBridge Scheduler writes the time that it fires at."""


def night_named(name: str) -> datetime:
    """The as-of time that a night is named by.

    Raises:
        ValueError: it is not written as ``2026-03-01T02:00:00Z``. A moment has one such text, so that a
            night has one name.
    """
    try:
        moment = datetime.strptime(name, NIGHT_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        moment = None
    if moment is None or moment.strftime(NIGHT_FORMAT) != name:
        raise ValueError(f"as-of: {name!r} names no night; write the moment in UTC like 2026-03-01T02:00:00Z")
    return moment
