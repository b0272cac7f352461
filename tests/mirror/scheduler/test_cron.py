"""AWS cron expressions: the last moment that matches."""

from __future__ import annotations

from datetime import datetime

import pytest

from mirror.scheduler.cron import Cron

NOW = datetime(2026, 11, 23, 5, 30)  # noqa: DTZ001 - local time; a Monday


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("0 2 * * ? *", "2026-11-23T02:00"),
        ("45 5 * * ? *", "2026-11-22T05:45"),
        ("0/15 * * * ? *", "2026-11-23T05:30"),
        ("* * * * ? *", "2026-11-23T05:30"),
        ("0 8-17/4 ? * MON-FRI *", "2026-11-20T16:00"),
        ("0 2 ? * SAT-SUN *", "2026-11-22T02:00"),
        ("0 0 L * ? *", "2026-10-31T00:00"),
        ("0 0 L-1 * ? *", "2026-10-30T00:00"),
        ("0 0 1W * ? *", "2026-11-02T00:00"),
        ("0 0 ? * 6L *", "2026-10-30T00:00"),
        ("0 0 ? * L *", "2026-11-21T00:00"),
        ("0 0 ? * 2#1 *", "2026-11-02T00:00"),
        ("0 0 1 JAN,JUL ? *", "2026-07-01T00:00"),
        ("0 0 29 2 ? *", None),
        ("0 0 1 1 ? 2030", None),
        ("30 5 23 11 ? 2026", "2026-11-23T05:30"),
    ],
)
def test_previous(fields: str, expected: str | None) -> None:
    found = Cron.parse(fields).previous(NOW)
    assert (found and found.isoformat(timespec="minutes")) == expected


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ("0 2 * * ?", "6 fields"),
        ("0 2 * * * *", "exactly one"),
        ("0 2 ? * ? *", "exactly one"),
        ("60 2 * * ? *", "minutes"),
        ("0 2 32 * ? *", "day-of-month"),
        ("0 2 ? * FUNDAY *", "day-of-week"),
        ("0/0 2 * * ? *", "step"),
        ("0 5-3 * * ? *", "after"),
    ],
)
def test_what_is_not_valid_is_named(fields: str, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        Cron.parse(fields)
