"""When schedules are due, in their own time zone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.scheduler.expressions import check, last_due

ANCHOR = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)


def due(expression: str, now: str, zone: str = "UTC") -> str | None:
    found = last_due(expression, zone, ANCHOR, datetime.fromisoformat(now))
    return found.isoformat() if found else None


@pytest.mark.parametrize(
    ("expression", "zone", "now", "expected"),
    [
        ("rate(5 minutes)", "UTC", "2026-03-01T12:00:29+00:00", None),
        ("rate(5 minutes)", "UTC", "2026-03-01T12:00:30+00:00", "2026-03-01T12:00:30+00:00"),
        ("rate(5 minutes)", "UTC", "2026-03-01T12:11:00+00:00", "2026-03-01T12:10:30+00:00"),
        ("rate(1 day)", "UTC", "2026-03-03T12:00:30+00:00", "2026-03-03T12:00:30+00:00"),
        ("at(2026-03-02T08:00:00)", "UTC", "2026-03-02T07:59:59+00:00", None),
        ("at(2026-03-02T08:00:00)", "Asia/Tokyo", "2026-03-02T00:00:00+00:00", "2026-03-01T23:00:00+00:00"),
        ("cron(0 2 * * ? *)", "America/New_York", "2026-03-05T08:00:00+00:00", "2026-03-05T07:00:00+00:00"),
        ("cron(0 2 * * ? *)", "America/New_York", "2026-07-05T08:00:00+00:00", "2026-07-05T06:00:00+00:00"),
    ],
)
def test_last_due(expression: str, zone: str, now: str, expected: str | None) -> None:
    assert due(expression, now, zone) == expected


@pytest.mark.parametrize(
    "expression",
    [
        "rate(0 minutes)",
        "rate(5 weeks)",
        "rate(x)",
        "at(tomorrow)",
        "every day",
        "cron(0 2 * * ?)",
        "at(2026-03-02)",
    ],
)
def test_invalid_expressions(expression: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each has a text of its own
        check(expression)


def test_an_unknown_time_zone() -> None:
    with pytest.raises(ValueError, match="Mars"):
        check("rate(1 day)", "Mars/Olympus")


@given(st.integers(1, 90), st.integers(0, 10**7), st.integers(1, 5000))
def test_a_rate_is_due_once_in_every_period(minutes: int, start_s: int, step_s: int) -> None:
    start = ANCHOR.timestamp() + start_s
    first, second = (datetime.fromtimestamp(start + offset, UTC) for offset in (0, step_s))
    a, b = (last_due(f"rate({minutes} minutes)", "UTC", ANCHOR, now) for now in (first, second))
    assert a is not None
    assert b is not None
    assert (b - a).total_seconds() % (minutes * 60) == 0
    assert 0 <= (second - b).total_seconds() < minutes * 60
