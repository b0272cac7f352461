"""What a check is, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

Layer = Literal["batch", "training", "model"]
Severity = Literal["critical", "warning"]
MOST_ROWS = 10
"""Of the rows that show a problem."""


class Problem(NamedTuple):
    """One thing that is wrong.

    Attributes:
        severity: a critical one ends the night: nothing is trained, or nothing is registered.
        message: what is wrong with which day, column or feature, with figures, and what to look at.
        rows: some that show it, as JSON can carry them.
    """

    severity: Severity
    message: str
    rows: Sequence[dict[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """One question to the data.

    Attributes:
        name: in reports and failure reasons.
        what: the question, for people.
        look: given the evidence of its layer, what is wrong.
    """

    name: str
    what: str
    look: Callable[[Any], Iterable[Problem]]


class Finding(NamedTuple):
    """A problem and the check that found it."""

    check: str
    layer: Layer
    severity: Severity
    message: str
    rows: list[dict[str, Any]]
