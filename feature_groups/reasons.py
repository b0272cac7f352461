"""A feature's value as a sentence that a card holder or an analyst can read."""

from __future__ import annotations

import math

from feature_groups.feature import Feature

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SPANS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def sentence(feature: Feature, value: float | None) -> str:
    """The reason sentence of `value`, e.g. ``7 purchases in the last hour``; None and NaN are missing."""
    if value is None or math.isnan(value):
        return feature.missing
    if value == 0 and feature.zero:
        return feature.zero
    written = _write(feature, value)
    one = value == 1
    return feature.reason.format(
        value=written, s="" if one else "s", country="country" if one else "countries"
    )


def _write(feature: Feature, value: float) -> str:
    match feature.reading:
        case "count":
            return f"{value:,.0f}" if value else "no"
        case "money":
            return f"{value:,.2f}"
        case "percent":
            return f"{100 * value:.1f} %"
        case "days":
            return _span(86_400 * value)
        case "duration":
            return _span(value)
        case "km":
            return f"{value:,.0f} km"
        case "hour":
            return f"between {value:02.0f}:00 and {value:02.0f}:59 UTC"
        case "weekday":
            return _WEEKDAYS[int(value) % 7]
        case "ratio":
            return f"{value:,.1f}"
        case "flag":
            return "abroad" if value else "in the home country"


def _span(seconds: float) -> str:
    for size, unit in _SPANS:
        count = int(seconds // size)
        if count:
            return f"{count:,} {unit}{'' if count == 1 else 's'}"
    return "less than a second"
