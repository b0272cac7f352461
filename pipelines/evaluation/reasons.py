"""Reasons overall: what moves the scores, and what leads when a transaction is declined."""

from __future__ import annotations

from typing import Any

import numpy as np
import xgboost as xgb

from feature_groups import FEATURE_NAMES
from pipelines.steps.dataset import Dataset
from pipelines.steps.metrics import Scores

_SAMPLE = 2_000
_SHOWN = 15


def reasons_overall(booster: xgb.Booster, test: Dataset, scores: Scores, decline: float) -> dict[str, Any]:
    """Exact SHAP contributions (Lundberg et al., From local explanations to global understanding, 2020).

    ``mean_absolute``: by feature, mean over at most 2,000 rows at equal distances, in log-odds, the largest
    first. ``leading_declines``: of at most 2,000 declined rows, how many have the feature as their strongest
    reason towards fraud, the most frequent first.
    """
    everywhere = _spread(np.arange(len(scores)))
    declined = _spread(np.flatnonzero(scores >= decline))
    strength = np.abs(_contributions(booster, test, everywhere)).mean(axis=0)
    ranked = sorted(zip(FEATURE_NAMES, strength.tolist(), strict=True), key=lambda item: -item[1])
    leading: dict[str, int] = {}
    if len(declined):
        strongest = _contributions(booster, test, declined).argmax(axis=1)
        counts = np.bincount(strongest, minlength=len(FEATURE_NAMES))
        order = np.argsort(-counts, kind="stable")[:_SHOWN]
        leading = {FEATURE_NAMES[number]: int(counts[number]) for number in order if counts[number]}
    return {
        "rows": len(everywhere),
        "declines": len(declined),
        "mean_absolute": {name: round(value, 6) for name, value in ranked[:_SHOWN]},
        "leading_declines": leading,
    }


def _spread(rows: np.ndarray[Any, np.dtype[np.int64]]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """At most `_SAMPLE` of the rows, at equal distances: the same ones for every model."""
    if len(rows) <= _SAMPLE:
        return rows
    return rows[np.linspace(0, len(rows) - 1, _SAMPLE).round().astype(np.int64)]


def _contributions(
    booster: xgb.Booster, test: Dataset, rows: np.ndarray[Any, np.dtype[np.int64]]
) -> np.ndarray[Any, np.dtype[np.float32]]:
    """[rows, features], without the bias."""
    matrix = xgb.DMatrix(test.features[rows], missing=np.nan, feature_names=list(FEATURE_NAMES))
    found: np.ndarray[Any, np.dtype[np.float32]] = booster.predict(matrix, pred_contribs=True)[:, :-1]
    return found
