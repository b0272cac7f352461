"""Why a decision was made: the features that moved the score most, in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from feature_groups import MODEL_FEATURES, Feature, sentence
from feature_groups.windows import MONTH

MAX_REASONS = 5
Direction = Literal["raises", "lowers"]

# What adds up over time, so that a month of it says what is usual in a shorter window.
_ADDITIVE = frozenset({"count", "sum", "changes"})
_WHOSE = {"user": "this card's", "merchant": "this merchant's"}


class Reason(msgspec.Struct, frozen=True, gc=False):
    """One reason of a decision.

    Attributes:
        feature: the feature, or the request field that a rule tested.
        value: its value in this transaction; None when it is missing.
        contribution: log-odds it added to the score (positive: towards fraud); None for rules.
        text: a sentence for people.
        direction: what it did to the risk; None for rules.
        share: its part of everything that moved the score, 0 to 1; None for rules.
    """

    feature: str
    value: float | str | None
    contribution: float | None
    text: str
    direction: Direction | None = None
    share: float | None = None


def _usual(feature: Feature) -> tuple[int, float] | None:
    """Where the same feature over a month is in the vector, and the part of it that is usual."""
    window = feature.window
    if window is None or window is MONTH or feature.aggregation not in _ADDITIVE:
        return None
    name = f"{feature.name.removesuffix(window.name)}{MONTH.name}"
    for index, other in enumerate(MODEL_FEATURES):
        if other.name == name:
            return index, window.milliseconds / MONTH.milliseconds
    return None


_USUAL = tuple(_usual(feature) for feature in MODEL_FEATURES)


def top_reasons(
    vector: Sequence[float], contributions: Sequence[float], strongest: Sequence[int], total: float
) -> list[Reason]:
    """The reasons of a score; features that did not matter are left out.

    Args:
        vector, contributions: in model order.
        strongest: features with the largest contributions in either direction, largest first.
        total: sum of all contributions' absolute values.
    """
    return [
        _reason(index, vector, contributions[index], total)
        for index in strongest
        if contributions[index] != 0.0
    ]


def _reason(index: int, vector: Sequence[float], contribution: float, total: float) -> Reason:
    feature = MODEL_FEATURES[index]
    value: Any = vector[index]
    known = None if math.isnan(value) else value
    direction: Direction = "raises" if contribution > 0 else "lowers"
    text = f"{sentence(feature, known)}{_against_usual(index, vector, known)}: {direction} the risk"
    return Reason(feature.name, known, contribution, text, direction, round(abs(contribution) / total, 4))


def _against_usual(index: int, vector: Sequence[float], known: float | None) -> str:
    """What the last month makes usual, e.g. ``; this card's usual is 0.2``."""
    usual = _USUAL[index]
    if usual is None or known is None:
        return ""
    month = vector[usual[0]]
    # Without anything in the month, or nothing but this window, there is nothing to compare with.
    if not month > known:
        return ""
    return f"; {_WHOSE[MODEL_FEATURES[index].entity]} usual is {_short(month * usual[1])}"


def _short(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 0.05 else "almost none"
