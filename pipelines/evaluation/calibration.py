"""Whether a score of 0.2 means that one in five is fraud."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import brier_score_loss, log_loss

from pipelines.steps.metrics import Scores, Target

_BINS = 15


def calibration_figures(scores: Scores, target: Target) -> dict[str, float]:
    """Expected calibration error, Brier score, log loss and the two means.

    The error is the mean distance of score and share of frauds over 15 bins of equally many rows, weighed by
    rows (Naeini et al., Obtaining well calibrated probabilities, 2015; equal counts, because equal widths put
    nearly all of a rare class's rows in one bin). Brier score and log loss are means over rows.
    """
    order = np.argsort(scores, kind="stable")
    parts = [part for part in np.array_split(order, _BINS) if len(part)]
    distance = sum(len(part) * abs(float(scores[part].mean()) - float(target[part].mean())) for part in parts)
    return {
        "expected_calibration_error": distance / len(scores),
        "brier_score": float(brier_score_loss(target, scores)),
        "log_loss": float(log_loss(target, scores, labels=[0, 1])),
        "mean_score": float(scores.mean()),
        "fraud_rate": float(target.mean()),
    }
