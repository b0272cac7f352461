"""No feature that knows the label, and nothing from after the window."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from feature_groups import FEATURE_NAMES
from pipelines.quality.check import Check, Problem
from pipelines.quality.rows import some
from pipelines.quality.splits import TrainingSet
from pipelines.steps.targets import TARGET

_SUSPICIOUS = 0.999
_LEAST_FRAUDS = 20


def _look(data: TrainingSet) -> Iterator[Problem]:
    train = data.splits["train"]
    target = train[TARGET].to_numpy()
    if _LEAST_FRAUDS <= target.sum() <= len(target) - _LEAST_FRAUDS:
        for name in FEATURE_NAMES:
            auc = _separation(train[name].to_numpy(np.float64), target)
            if auc >= _SUSPICIOUS:
                yield Problem(
                    "critical",
                    f"{name} alone separates frauds from the rest (AUC {auc:.4f}): it knows the label",
                    some(train[train[TARGET] == 1], ("transaction_id", name, TARGET)),
                )


def _separation(values: npt.NDArray[np.float64], target: npt.NDArray[np.integer[Any]]) -> float:
    """AUC of one feature, in whichever direction; what is missing counts as lowest, then as highest.

    The Mann-Whitney count of pairs, equal values as half: one sort of the genuine for all ways to count.
    """
    known, is_fraud = ~np.isnan(values), target == 1
    frauds, genuine = values[known & is_fraud], np.sort(values[known & ~is_fraud])
    sides: tuple[Literal["left", "right"], ...] = ("left", "right")
    higher = sum(float(np.searchsorted(genuine, frauds, side).sum()) for side in sides) / 2
    missing_frauds, missing_genuine = (int((~known & which).sum()) for which in (is_fraud, ~is_fraud))
    pairs = (frauds.size + missing_frauds) * (genuine.size + missing_genuine)
    tied = missing_frauds * missing_genuine / 2
    found = [
        (higher + tied + of_missing) / pairs
        for of_missing in (frauds.size * missing_genuine, missing_frauds * genuine.size)
    ]
    return float(max(max(one, 1 - one) for one in found))


CHECKS = (Check("leakage", "Does any feature know the label?", _look),)
