"""What a scored test window says beyond one number: calibration and costs."""

from __future__ import annotations

import numpy as np

from pipelines.steps.metrics import Scores, Target
from pipelines.steps.thresholds import Costs

_BINS = 10
_POINTS = 99


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
