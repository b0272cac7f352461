"""The evaluation's pictures."""

from __future__ import annotations

from pathlib import Path

from sklearn.metrics import average_precision_score, roc_auc_score

from pipelines.report import curves
from pipelines.report.drawing import COLOURS, GUIDE, INK, figure, png
from pipelines.steps.metrics import Scores, Target


def draw(scores: Scores, target: Target, folder: Path) -> None:
    """Write ``roc.png`` and ``precision_recall.png``."""
    made, axes = figure(1, width=6, height=5)
    axes.plot([0, 1], [0, 1], color=GUIDE, linewidth=1, linestyle="--", label="chance")
    curves.roc(axes, scores, target, color=COLOURS[0], linewidth=2, label="model")
    axes.set_title(f"ROC, area {roc_auc_score(target, scores):.4f}", color=INK, loc="left")
    axes.legend(loc="lower right", frameon=False)
    (folder / "roc.png").write_bytes(png(made))

    made, axes = figure(1, width=6, height=5)
    axes.axhline(float(target.mean()), color=GUIDE, linewidth=1, linestyle="--", label="chance")
    curves.precision_recall(axes, scores, target, color=COLOURS[0], linewidth=2, label="model")
    average = average_precision_score(target, scores)
    axes.set_title(f"Precision and recall, average precision {average:.4f}", color=INK, loc="left")
    axes.legend(loc="lower left", frameon=False)
    (folder / "precision_recall.png").write_bytes(png(made))
