"""The evaluation's pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

from pipelines.report.drawing import COLOURS, GUIDE, figure, label, png

_LINE = COLOURS[0]


def draw(scores: npt.NDArray[np.float64], target: npt.NDArray[np.int8], folder: Path) -> None:
    """Write ``roc.png`` and ``precision_recall.png``."""
    false_rates, true_rates, _ = roc_curve(target, scores)
    made, axes = _axes(f"ROC, area {roc_auc_score(target, scores):.4f}", "genuine flagged", "frauds found")
    axes.plot([0, 1], [0, 1], color=GUIDE, linewidth=1, linestyle="--", label="chance")
    axes.plot(false_rates, true_rates, color=_LINE, linewidth=2, label="model")
    axes.legend(loc="lower right", frameon=False)
    (folder / "roc.png").write_bytes(png(made))

    precisions, recalls, _ = precision_recall_curve(target, scores)
    made, axes = _axes(
        f"Precision and recall, average precision {average_precision_score(target, scores):.4f}",
        "recall: frauds found",
        "precision: flagged that are fraud",
    )
    axes.axhline(float(target.mean()), color=GUIDE, linewidth=1, linestyle="--", label="chance")
    axes.step(recalls, precisions, where="post", color=_LINE, linewidth=2, label="model")
    axes.legend(loc="lower left", frameon=False)
    (folder / "precision_recall.png").write_bytes(png(made))


def _axes(title: str, across: str, up: str) -> tuple[Figure, Any]:
    made, axes = figure(1, width=6, height=5)
    label(axes, title, across, up)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.01)
    return made, axes
