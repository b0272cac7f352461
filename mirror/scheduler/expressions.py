"""When a schedule is due: ``cron(...)``, ``rate(...)`` and ``at(...)``."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mirror.scheduler.cron import Cron

_FORM = re.compile(r"(cron|rate|at)\((.*)\)")
_RATE = re.compile(r"(\d+) (minute|hour|day)(s?)")


def last_due(expression: str, timezone: str, anchor: datetime, now: datetime) -> datetime | None:
    """The latest moment at or before `now` when the schedule fires; None when there is none yet.

    Args:
        timezone: IANA name; cron and at are local times of it.
        anchor: from when a rate counts. It fires at the anchor and then once every period.

    Raises:
        ValueError: the expression or the time zone is not valid.
    """
    kind, text = _parse(expression)
    zone = _zone(timezone)
    if kind == "rate":
        period = _period(text)
        return None if now < anchor else anchor + ((now - anchor) // period) * period
    if kind == "at":
        moment = _at(text).replace(tzinfo=zone).astimezone(UTC)
        return moment if moment <= now else None
    found = _cron(text).previous(now.astimezone(zone).replace(tzinfo=None))
    return None if found is None else found.replace(tzinfo=zone).astimezone(UTC)


def check(expression: str, timezone: str = "UTC") -> None:
    """Raises ValueError, with the reason, for an expression that could never fire."""
    now = datetime(2024, 1, 1, tzinfo=UTC)
    last_due(expression, timezone, now, now)


def happens_once(expression: str) -> bool:
    return expression.startswith("at(")


def _parse(expression: str) -> tuple[str, str]:
    match = _FORM.fullmatch(expression.strip())
    if match is None:
        raise ValueError(f"{expression!r}: expected cron(...), rate(...) or at(...)")
    return match.group(1), match.group(2)


def _period(text: str) -> timedelta:
    match = _RATE.fullmatch(text)
    if match is None or int(match.group(1)) == 0:
        raise ValueError(f"rate({text}): expected a positive number and minutes, hours or days")
    return timedelta(**{f"{match.group(2)}s": int(match.group(1))})


def _at(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S")  # noqa: DTZ007 - the zone comes apart from it
    except ValueError:
        raise ValueError(f"at({text}): expected yyyy-mm-ddThh:mm:ss") from None


@lru_cache(256)
def _cron(text: str) -> Cron:
    return Cron.parse(text)


@lru_cache(64)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"time zone {name!r} is not known") from error
