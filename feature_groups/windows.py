"""The sliding windows every aggregate uses."""

from __future__ import annotations

from dataclasses import dataclass

_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS
_DAY_MS = 24 * _HOUR_MS

# An entity's newest events count at their own times. Older ones, which only an entity with more
# events than this within its longest window has, count at the start of their tile.
EXACT_EVENTS = 1024


@dataclass(frozen=True, slots=True)
class Window:
    """A window ``[t - milliseconds, t)``: what happened strictly before t, and not longer ago.

    Attributes:
        tile_ms: the step in which events beyond the `EXACT_EVENTS` newest ones leave the window.
        phrase: the window in a sentence.
    """

    name: str
    milliseconds: int
    tile_ms: int
    phrase: str


HOUR = Window("1h", _HOUR_MS, _MINUTE_MS, "the last hour")
DAY = Window("24h", _DAY_MS, 15 * _MINUTE_MS, "the last 24 hours")
WEEK = Window("7d", 7 * _DAY_MS, 2 * _HOUR_MS, "the last 7 days")
MONTH = Window("30d", 30 * _DAY_MS, 6 * _HOUR_MS, "the last 30 days")

# Shortest first: each window lies inside the next, which the kernel relies on.
WINDOWS: tuple[Window, ...] = (HOUR, DAY, WEEK, MONTH)
