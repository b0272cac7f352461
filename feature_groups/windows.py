"""The sliding windows every aggregate uses."""

from __future__ import annotations

from dataclasses import dataclass

_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS


@dataclass(frozen=True, slots=True)
class Window:
    """A window ``[t - milliseconds, t)``: what happened strictly before t, and not longer ago."""

    name: str
    milliseconds: int
    phrase: str


HOUR = Window("1h", _HOUR_MS, "the last hour")
DAY = Window("24h", _DAY_MS, "the last 24 hours")
WEEK = Window("7d", 7 * _DAY_MS, "the last 7 days")
MONTH = Window("30d", 30 * _DAY_MS, "the last 30 days")

# Shortest first: each window lies inside the next, which the kernel relies on.
WINDOWS: tuple[Window, ...] = (HOUR, DAY, WEEK, MONTH)
