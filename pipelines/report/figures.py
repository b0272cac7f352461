"""What a scored test window says beyond one number: calibration, segments, costs."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score, roc_auc_score

from feature_groups import FEATURE_NAMES
from pipelines.steps.metrics import Scores, Target
from pipelines.steps.thresholds import Costs

Matrix = npt.NDArray[np.float32]

_BINS = 10
_POINTS = 99
_AMOUNTS = (0, 20, 100, 500, float("inf"))


def calibration_bins(scores: Scores, target: Target) -> list[dict[str, float]]:
    """Ten bins of equally many frauds, by score: what was predicted, and what came true."""
    order = np.argsort(scores, kind="stable")
    frauds = np.cumsum(target[order])
    bounds = np.searchsorted(frauds, np.linspace(0, frauds[-1], _BINS + 1)[1:-1])
    return [
        {
            "rows": len(part),
            "predicted": float(scores[part].mean()),
            "observed": float(target[part].mean()),
        }
        for part in np.split(order, np.unique(bounds))
        if len(part)
    ]


def cost_points(scores: Scores, target: Target, costs: Costs) -> list[dict[str, float]]:
    """By threshold, in missed frauds: reviewing all from there on, or declining all."""
    points = []
    for threshold in np.linspace(0.01, 0.99, _POINTS):
        stopped = scores >= threshold
        missed = float(target[~stopped].sum())
        points.append(
            {
                "threshold": round(float(threshold), 2),
                "review": missed + costs.review * float(stopped.sum()),
                "decline": missed + costs.decline * float((stopped & (target == 0)).sum()),
            }
        )
    return points


def segments(scores: Scores, target: Target, features: Matrix, review: float) -> list[dict[str, Any]]:
    """The model by amount, by country and by how new a user is; None where a segment has one class."""
    column = {name: features[:, number] for number, name in enumerate(FEATURE_NAMES)}
    amount, foreign = column["amount"], column["foreign_country"]
    chosen = {
        f"amount {low:g} to {high:g}": (amount >= low) & (amount < high) for low, high in pairwise(_AMOUNTS)
    }
    chosen |= {
        "at home": foreign == 0,
        "abroad": foreign == 1,
        "home or place unknown": np.isnan(foreign),
        "first transaction": np.isnan(column["seconds_since_last_transaction"]),
        "not the first": ~np.isnan(column["seconds_since_last_transaction"]),
    }
    return [
        {"segment": name, **_segment(scores[rows], target[rows], review)}
        for name, rows in chosen.items()
        if rows.any()
    ]


def _segment(scores: Scores, target: Target, review: float) -> dict[str, Any]:
    frauds = int(target.sum())
    both = 0 < frauds < len(target)
    stopped = scores >= review
    return {
        "rows": len(target),
        "frauds": frauds,
        "auc": float(roc_auc_score(target, scores)) if both else None,
        "average_precision": float(average_precision_score(target, scores)) if both else None,
        "recall": float(target[stopped].sum() / frauds) if frauds else None,
        "stopped": float(stopped.mean()),
    }
