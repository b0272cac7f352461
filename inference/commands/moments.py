"""Moments as people type them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import click

_AGO = re.compile(r"(\d{1,5})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class Moment(click.ParamType[datetime]):
    """An ISO 8601 time, UTC where it names no zone, or so long ago: ``90m``, ``24h``, ``7d``."""

    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The moment; a usage error says what is expected."""
        if isinstance(value, datetime):
            return value
        ago = _AGO.fullmatch(str(value))
        if ago is not None:
            return datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r}: expected a time like 2026-11-27T00:00:00Z, or 24h, or 7d", param, ctx)
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
