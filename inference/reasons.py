"""Why a decision was made: the features that moved the score most, in words."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from feature_groups import MODEL_FEATURES, sentence

MAX_REASONS = 5


class Reason(msgspec.Struct, frozen=True):
    """One reason of a decision.

    Attributes:
        feature: the feature, or the request field that a rule tested.
        value: its value in this transaction; None when it is missing.
        contribution: log-odds it added to the score (positive: towards fraud); None for rules.
        text: a sentence for people.
    """

    feature: str
    value: float | str | None
    contribution: float | None
    text: str


def top_reasons(vector: Sequence[float], contributions: npt.NDArray[np.float32]) -> list[Reason]:
    """The features with the largest contributions, in either direction, largest first.

    Equal contributions keep the model's feature order; features that did not matter are left out.
    """
    order = np.argsort(-np.abs(contributions), kind="stable")[:MAX_REASONS]
    return [
        _reason(int(index), vector[index], float(contributions[index]))
        for index in order
        if contributions[index] != 0.0
    ]


def _reason(index: int, value: float, contribution: float) -> Reason:
    feature = MODEL_FEATURES[index]
    known = None if math.isnan(value) else value
    direction = "raises" if contribution > 0 else "lowers"
    return Reason(feature.name, known, contribution, f"{sentence(feature, known)}: {direction} the risk")
