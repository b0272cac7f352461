"""No feature that knows the label, and nothing from after the window."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from sklearn.metrics import roc_auc_score

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


def _separation(values: np.ndarray[tuple[int], np.dtype[np.float64]], target: object) -> float:
    """AUC of one feature, in whichever direction; what is missing counts as lowest, then as highest."""
    known = ~np.isnan(values)
    if not known.any() or (np.nanmin(values) == np.nanmax(values) and known.all()):
        return 0.5
    filled = [np.where(known, values, end) for end in (np.nanmin(values) - 1, np.nanmax(values) + 1)]
    found = [float(roc_auc_score(target, one)) for one in filled]
    return max(max(one, 1 - one) for one in found)


CHECKS = (Check("leakage", "Does any feature know the label?", _look),)
