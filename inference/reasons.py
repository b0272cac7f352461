"""Why a decision was made: the features that moved the score most, in words."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

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


_NAMES = tuple(feature.name for feature in MODEL_FEATURES)
_USUAL = tuple(_usual(feature) for feature in MODEL_FEATURES)


def top_reasons(
    vector: Sequence[float], strongest: Sequence[int], contributions: Sequence[float], total: float
) -> list[Reason]:
    """The reasons of a score; features that did not matter are left out.

    Args:
        vector: in model order, NaN for missing.
        strongest: features with the largest contributions in either direction, largest first.
        contributions: theirs, in log-odds.
        total: sum of all contributions' absolute values.
    """
    return [
        _reason(index, vector, contribution, total)
        for index, contribution in zip(strongest, contributions, strict=True)
        if contribution != 0.0
    ]


def _reason(index: int, vector: Sequence[float], contribution: float, total: float) -> Reason:
    value = vector[index]
    known = value if value == value else None  # NaN is not itself
    usual = _USUAL[index]
    text = _text(index, known, None if usual is None else vector[usual[0]])
    share = round(abs(contribution) / total, 4)
    if contribution > 0:
        return Reason(_NAMES[index], known, contribution, f"{text}: raises the risk", "raises", share)
    return Reason(_NAMES[index], known, contribution, f"{text}: lowers the risk", "lowers", share)


# Small numbers come again and again.
@lru_cache(maxsize=1 << 16)
def _text(index: int, known: float | None, month: float | None) -> str:
    """What a feature's value says, e.g. ``7 purchases in the last hour; this card's usual is 0.2``.

    Args:
        month: the same over the last month, where that makes something usual.
    """
    feature = MODEL_FEATURES[index]
    said = sentence(feature, known)
    usual = _USUAL[index]
    # Without anything in the month but this window there is nothing to compare with.
    if usual is None or known is None or month is None or not month > known:
        return said
    return f"{said}; {_WHOSE[feature.entity]} usual is {_short(month * usual[1])}"


def _short(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 0.05 else "almost none"
