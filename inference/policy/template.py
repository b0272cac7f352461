"""Sentences with facts in them: ``{amount} {currency} is above 10,000``."""

from __future__ import annotations

import math
import string
from collections.abc import Callable

_FORMATTER = string.Formatter()


def facts_of(template: str) -> list[str]:
    """The facts that a sentence shows.

    Raises:
        ValueError: a brace is not closed, or a field carries a format or a conversion.
    """
    shown = []
    for _, name, form, conversion in _FORMATTER.parse(template):
        if name is None:
            continue
        if form or conversion or not name:
            raise ValueError(f"{{{name}}}: write the fact's name alone in braces")
        shown.append(name)
    return shown


def fill(template: str, value: Callable[[str], float | str | None]) -> str:
    """The sentence, with `value` of each fact in its place."""
    parts = []
    for literal, name, _, _ in _FORMATTER.parse(template):
        parts.append(literal)
        if name is not None:
            parts.append(readable(value(name)))
    return "".join(parts)


def readable(value: float | str | None) -> str:
    """A value for people: numbers with thousands separated, and decimals only where there are some."""
    if not isinstance(value, float):
        return str(value)
    return f"{value:,.0f}" if math.isfinite(value) and value == int(value) else f"{value:,.2f}"
