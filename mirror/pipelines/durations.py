"""ISO 8601 durations as SageMaker takes them: ``P30D``, ``PT1H``, and its own ``30d``, ``30dT5h``."""

from __future__ import annotations

import re

_DAY = 86_400.0
_DATE_UNITS = {"y": 365 * _DAY, "m": 30 * _DAY, "w": 7 * _DAY, "d": _DAY}
_TIME_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0}
_DURATION = re.compile(r"p?((?:\d+[ymwd])*)(?:t((?:\d+[hms])+))?", re.IGNORECASE)
_PART = re.compile(r"(\d+)([a-z])")


def parse_duration(text: object) -> float:
    """Seconds of a duration; a year counts 365 days and a month 30.

    Raises:
        ValueError: `text` is not a duration.
    """
    found = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if found is None or not (found[1] or found[2]):
        raise ValueError(f"{text!r} is not an ISO 8601 duration such as 'P30D' or 'PT1H'")
    seconds = 0.0
    for part, units in ((found[1], _DATE_UNITS), (found[2] or "", _TIME_UNITS)):
        for number, unit in _PART.findall(part.lower()):
            seconds += int(number) * units[unit]
    return seconds
