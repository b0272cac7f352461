"""The two curves of a scored test window, for every picture that has them."""

from __future__ import annotations

from typing import Any

from sklearn.metrics import precision_recall_curve, roc_curve

from pipelines.report.drawing import label
from pipelines.steps.metrics import Scores, Target


def roc(axes: Any, scores: Scores, target: Target, **style: Any) -> None:
    """Frauds found against genuine transactions flagged, by threshold; `style` is matplotlib's."""
    false_rates, true_rates, _ = roc_curve(target, scores)
    axes.plot(false_rates, true_rates, **style)
    label(axes, "ROC", "genuine flagged", "frauds found")
    _limit(axes)


def precision_recall(axes: Any, scores: Scores, target: Target, **style: Any) -> None:
    """What is flagged that are frauds against frauds found, by threshold."""
    precisions, recalls, _ = precision_recall_curve(target, scores)
    axes.step(recalls, precisions, where="post", **style)
    label(axes, "Precision and recall", "recall: frauds found", "precision: flagged that are fraud")
    _limit(axes)


def _limit(axes: Any) -> None:
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.01)
