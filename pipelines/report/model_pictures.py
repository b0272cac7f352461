"""Pictures of a model on its test window, and of the data it learnt from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pipelines.report import curves as curve
from pipelines.report.drawing import COLOURS, GUIDE, figure, label, png
from pipelines.steps.metrics import Scores, Target


def curves(scores: Scores, target: Target, production: Scores | None = None) -> bytes:
    """ROC, and precision against recall; dotted those of the model in production on the same rows."""
    made, (left, right) = figure(2)
    if production is not None:
        style = {"color": COLOURS[1], "linewidth": 1.6, "linestyle": ":", "label": "in production"}
        curve.roc(left, production, target, **style)
        curve.precision_recall(right, production, target, **style)
    left.plot([0, 1], [0, 1], color=GUIDE, linewidth=1, linestyle="--")
    curve.roc(left, scores, target, color=COLOURS[0], linewidth=2, label="this model")
    right.axhline(float(target.mean()), color=GUIDE, linewidth=1, linestyle="--")
    curve.precision_recall(right, scores, target, color=COLOURS[0], linewidth=2, label="this model")
    if production is not None:
        left.legend(loc="lower right", frameon=False)
        right.legend(loc="lower left", frameon=False)
    return png(made)


def differences(against: Mapping[str, Mapping[str, Any]]) -> bytes:
    """How much better (right of the line) or worse than production, with 95 % intervals."""
    names = list(against)
    made, axes = figure(1, height=0.34 * len(names) + 1.4)
    axes.axvline(0, color=GUIDE, linewidth=1, linestyle="--")
    for row, name in enumerate(reversed(names)):
        one = against[name]
        if one["low"] is not None:
            axes.plot([one["low"], one["high"]], [row, row], color=COLOURS[0], linewidth=2)
        axes.plot(one["difference"], row, "o", color=COLOURS[0])
    axes.set_yticks(range(len(names)), [name.replace("_", " ") for name in reversed(names)])
    label(axes, "Difference from production, with 95 % intervals", "this model minus production", "")
    return png(made)


def calibration(bins: Sequence[Mapping[str, float]], scores: Scores, target: Target) -> bytes:
    """What scores say against what came true, and how scores are distributed."""
    made, (left, right) = figure(2)
    top = max(max(one["predicted"], one["observed"]) for one in bins)
    left.plot([0, top], [0, top], color=GUIDE, linewidth=1, linestyle="--")
    left.plot([one["predicted"] for one in bins], [one["observed"] for one in bins], "o-", color=COLOURS[0])
    label(left, "Calibration", "mean score", "share of frauds")
    edges = np.linspace(0, 1, 41)
    for value, name, colour in ((0, "genuine", COLOURS[0]), (1, "fraud", COLOURS[1])):
        right.hist(scores[target == value], edges, histtype="step", linewidth=1.8, color=colour, label=name)
    right.set_yscale("log")
    right.legend(frameon=False)
    label(right, "Scores", "score", "transactions")
    return png(made)


def costs(points: Sequence[Mapping[str, float]], review: float, decline: float) -> bytes:
    """What a threshold for reviews, or for declines alone, would have cost."""
    made, axes = figure(1)
    at = [point["threshold"] for point in points]
    for name, colour, chosen in (("review", COLOURS[0], review), ("decline", COLOURS[1], decline)):
        axes.plot(at, [point[name] for point in points], color=colour, linewidth=2, label=f"{name} from here")
        axes.axvline(chosen, color=colour, linestyle=":", linewidth=1.4)
    axes.legend(frameon=False)
    label(axes, "Cost by threshold, in missed frauds (dotted: chosen)", "threshold", "cost")
    return png(made)


def drift(days: Sequence[str], psi: Mapping[str, Sequence[float]]) -> bytes:
    """Every feature by day against the training window, the most drifted first."""
    names = sorted(psi, key=lambda name: -max(psi[name]))
    made, axes = figure(1, height=0.19 * len(names) + 1.6)
    drawn = axes.imshow([psi[name] for name in names], aspect="auto", cmap="YlOrRd", vmin=0, vmax=1)
    axes.set_xticks(range(len(days)), [day[5:] for day in days], rotation=90, fontsize=8)
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.set_title("Drift: PSI of each feature by day against the training window", loc="left")
    made.colorbar(drawn, ax=axes, fraction=0.03, label="PSI (1 and above the same)")
    return png(made)


def volumes(days: Sequence[Mapping[str, Any]]) -> bytes:
    """Transactions by day, and the share of missing values by column."""
    made, (left, right) = figure(2)
    names = [day["day"][5:] for day in days]
    left.bar(range(len(days)), [day["rows"] for day in days], color=COLOURS[0])
    label(left, "Transactions by day", "", "")
    left.set_ylim(bottom=0)
    columns = sorted({name for day in days for name in day["missing"]})
    for number, column in enumerate(columns):
        right.plot(
            range(len(days)),
            [day["missing"].get(column, 0) for day in days],
            color=COLOURS[number % len(COLOURS)],
            linestyle=("-", "--")[number // len(COLOURS) % 2],
            label=column,
        )
    label(right, "Share of missing values by day", "", "")
    right.set_ylim(0, 1.02)
    right.legend(frameon=False, fontsize=8)
    for axes in (left, right):
        axes.set_xticks(range(len(days)), names, rotation=90, fontsize=7)
    return png(made)
