"""The evaluation's pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

_INK, _LINE, _GUIDE = "#1b2733", "#0b6e99", "#b8c2cc"


def draw(scores: npt.NDArray[np.float64], target: npt.NDArray[np.int8], folder: Path) -> None:
    """Write ``roc.png`` and ``precision_recall.png``."""
    false_rates, true_rates, _ = roc_curve(target, scores)
    figure, axes = _axes(f"ROC, area {roc_auc_score(target, scores):.4f}", "genuine flagged", "frauds found")
    axes.plot([0, 1], [0, 1], color=_GUIDE, linewidth=1, linestyle="--", label="chance")
    axes.plot(false_rates, true_rates, color=_LINE, linewidth=2, label="model")
    axes.legend(loc="lower right", frameon=False)
    figure.savefig(folder / "roc.png", metadata={"Software": None})

    precisions, recalls, _ = precision_recall_curve(target, scores)
    figure, axes = _axes(
        f"Precision and recall, average precision {average_precision_score(target, scores):.4f}",
        "recall: frauds found",
        "precision: flagged that are fraud",
    )
    axes.axhline(float(target.mean()), color=_GUIDE, linewidth=1, linestyle="--", label="chance")
    axes.step(recalls, precisions, where="post", color=_LINE, linewidth=2, label="model")
    axes.legend(loc="lower left", frameon=False)
    figure.savefig(folder / "precision_recall.png", metadata={"Software": None})


def _axes(title: str, across: str, up: str) -> tuple[Figure, Any]:
    figure = Figure(figsize=(6, 5), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(title, color=_INK, loc="left")
    axes.set_xlabel(across, color=_INK)
    axes.set_ylabel(up, color=_INK)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.01)
    axes.grid(color="#eef1f4")
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes
