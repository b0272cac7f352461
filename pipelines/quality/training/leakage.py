"""No feature that knows the label, and nothing from after the window."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.stats import rankdata

from feature_groups import FEATURE_NAMES
from pipelines.quality.check import Check, Problem
from pipelines.quality.rows import some
from pipelines.quality.splits import TrainingSet
from pipelines.steps.targets import TARGET

_CERTAIN, _SUSPICIOUS = 0.999, 0.97
_LEAST_FRAUDS = 20


def _look(data: TrainingSet) -> Iterator[Problem]:
    train = data.splits["train"]
    target = train[TARGET].to_numpy()
    if _LEAST_FRAUDS <= target.sum() <= len(target) - _LEAST_FRAUDS:
        for name in FEATURE_NAMES:
            auc = _separation(train[name].to_numpy(np.float64), target)
            if auc >= _SUSPICIOUS:
                yield Problem(
                    "critical" if auc >= _CERTAIN else "warning",
                    f"{name} alone separates frauds from the rest (AUC {auc:.4f}): "
                    f"{'it knows the label' if auc >= _CERTAIN else 'see whether it knows the label'}",
                    some(train[train[TARGET] == 1], ("transaction_id", name, TARGET)),
                )


def _separation(
    values: np.ndarray[tuple[int], np.dtype[np.float64]], target: np.ndarray[tuple[int], np.dtype[np.int8]]
) -> float:
    """AUC of one feature, in whichever direction; what is missing counts as lowest, then as highest.

    By Mann and Whitney's U: of all pairs of a fraud and a genuine one, the share where the fraud is higher.
    """
    known, fraud = ~np.isnan(values), target == 1
    frauds, others = int((fraud & known).sum()), int((~fraud & known).sum())
    missing_frauds, missing_others = int(fraud.sum()) - frauds, int((~fraud).sum()) - others
    higher = rankdata(values[known])[fraud[known]].sum() - frauds * (frauds + 1) / 2
    ties = missing_frauds * missing_others / 2
    pairs = int(fraud.sum()) * int((~fraud).sum())
    lowest = (higher + frauds * missing_others + ties) / pairs
    highest = (higher + missing_frauds * others + ties) / pairs
    return float(max(lowest, 1 - lowest, highest, 1 - highest))


CHECKS = (Check("leakage", "Does any feature know the label?", _look),)
