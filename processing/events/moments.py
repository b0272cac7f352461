"""Milliseconds since 1970 as the ISO-8601 text that streams and stores use."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache

_DAY_MS = 86_400_000
_EPOCH = date(1970, 1, 1).toordinal()
# Every decision and every record on its way writes some: looking up beats formatting six times.
_MINUTES = [f"T{minute // 60:02}:{minute % 60:02}:" for minute in range(1440)]
_SECONDS = [f"{second:02}." for second in range(60)]
_MILLISECONDS = [f"{millisecond:03}Z" for millisecond in range(1000)]


def iso(t_ms: int) -> str:
    """``2026-03-01T12:34:56.789Z``.

    Raises:
        ValueError, OverflowError: the year is not one of 1 to 9999.
    """
    day, rest = divmod(t_ms, _DAY_MS)
    minute, rest = divmod(rest, 60_000)
    second, rest = divmod(rest, 1000)
    return _day(day) + _MINUTES[minute] + _SECONDS[second] + _MILLISECONDS[rest]


@lru_cache(4096)
def _day(day: int) -> str:
    return date.fromordinal(_EPOCH + day).isoformat()


def milliseconds(text: str) -> int:
    """The time that `iso` wrote, or another of its kind.

    Raises:
        ValueError: the text is no ISO-8601 time with a time zone.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text}: no time zone")
    since = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return since.days * _DAY_MS + since.seconds * 1000 + since.microseconds // 1000
