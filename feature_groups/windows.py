"""Sliding windows: how far back an aggregate looks."""

from __future__ import annotations

import re
from dataclasses import dataclass

_UNITS = {"min": (60_000, "minute"), "h": (3_600_000, "hour"), "d": (86_400_000, "day")}
_SPAN = re.compile(r"([1-9]\d*)(min|h|d)")

# An entity's newest events count at their own times. Older ones, which only an entity with more
# events than this within its longest window has, count at the start of their tile.
EXACT_EVENTS = 1024

# No window is longer: what a state, its record in the Feature Store and the replay of a night
# weigh is reckoned with it.
RETENTION_MS = 30 * 86_400_000

# What outlives the windows, a user's last transaction time and last known device, counts for so long:
# a quarter keeps it for a card that is used a few times a year. Longer ago is as if it had never been,
# so that whoever keeps a history may drop it then and still agree with whoever does not.
MEMORY_DAYS = 90
MEMORY_MS = MEMORY_DAYS * 86_400_000


@dataclass(frozen=True, slots=True)
class Window:
    """A window ``[t - milliseconds, t)``: what happened strictly before t, and not longer ago.

    Attributes:
        name: its length, e.g. ``24h``; the last part of a feature's name.
        tile_ms: the step in which events beyond the `EXACT_EVENTS` newest ones leave the window.
        phrase: the window in a sentence, e.g. ``the last 24 hours``.
    """

    name: str
    milliseconds: int
    tile_ms: int
    phrase: str

    def __post_init__(self) -> None:
        if self.milliseconds > RETENTION_MS:
            days = RETENTION_MS // _UNITS["d"][0]
            raise ValueError(
                f"window {self.name!r}: states keep {days} days; shorten it or raise RETENTION_MS"
            )
        if self.milliseconds % self.tile_ms:
            raise ValueError(
                f"window {self.name!r}: it is not a number of whole tiles; use a tile that divides it"
            )


def window(name: str, *, tile: str) -> Window:
    """The window of a length, e.g. ``window("6h", tile="5min")``; about a hundred tiles are a good number.

    Raises:
        ValueError: a length is not a whole number of ``min``, ``h`` or ``d``, the window is longer
            than `RETENTION_MS`, or it does not consist of whole tiles.
    """
    (length, phrase), (step, _) = _span("window", name), _span("tile", tile)
    return Window(name, length, step, f"the last {phrase}")


def _span(what: str, text: str) -> tuple[int, str]:
    """Milliseconds and words of a length like ``24h``."""
    match = _SPAN.fullmatch(text)
    if not match:
        raise ValueError(
            f"{what} {text!r}: write a whole number of {', '.join(_UNITS)}, e.g. 15min, 6h or 7d"
        )
    count, (size, unit) = int(match[1]), _UNITS[match[2]]
    return count * size, unit if count == 1 else f"{count} {unit}s"


HOUR = window("1h", tile="1min")
DAY = window("24h", tile="15min")
WEEK = window("7d", tile="2h")
MONTH = window("30d", tile="6h")

# The windows that most aggregates have, shortest first. A feature may have one of its own.
WINDOWS: tuple[Window, ...] = (HOUR, DAY, WEEK, MONTH)
