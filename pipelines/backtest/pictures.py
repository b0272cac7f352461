"""A backtest's pictures."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from sklearn.metrics import precision_recall_curve, roc_curve

from pipelines.backtest.published import Published
from pipelines.backtest.run import Result

_INK, _GUIDE = "#1b2733", "#8795a1"
_COLOURS = ("#0b6e99", "#c2571a", "#3f7d3b", "#7a4b94")
_LINES = ("-", "--", ":", "-.")


def curves(results: Sequence[Result]) -> bytes:
    """ROC and precision against recall of every fold, as a PNG file."""
    figure, (left, right) = _figure(2)
    for number, result in enumerate(results):
        style = {"color": _COLOURS[number % len(_COLOURS)], "linestyle": _LINES[number % len(_LINES)]}
        label = f"tested from {result.fold.test_start:%Y-%m-%d}"
        false_rates, true_rates, _ = roc_curve(result.target, result.scores)
        left.plot(false_rates, true_rates, linewidth=1.6, label=label, **style)
        precisions, recalls, _ = precision_recall_curve(result.target, result.scores)
        right.step(recalls, precisions, where="post", linewidth=1.6, label=label, **style)
    _label(left, "ROC", "genuine flagged", "frauds found")
    _label(right, "Precision and recall", "recall: frauds found", "precision: flagged that are fraud")
    for axes in (left, right):
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1.01)
    left.legend(loc="lower right", frameon=False)
    return _png(figure)


def folds(results: Sequence[Result], published: Sequence[Published]) -> bytes:
    """Average precision and card precision of every fold beside what was published, as a PNG file."""
    figure, both = _figure(2)
    for axes, name, title in zip(
        both,
        ("average_precision", "card_precision_100"),
        ("Average precision", "Card precision@100"),
        strict=True,
    ):
        values = [result.metrics[name] for result in results]
        axes.bar(range(len(values)), values, color=_COLOURS[0], width=0.6)
        for at, value in enumerate(values):
            axes.annotate(f"{value:.3f}", (at, value), ha="center", va="bottom", color=_INK)
        if published:
            best = max(getattr(row, "average_precision" if "average" in name else "card_precision")
                       for row in published)  # fmt: skip
            axes.axhline(best, color=_COLOURS[1], linestyle="--", linewidth=1.4)
            axes.annotate(f"best published {best:.3f}", (len(values) - 0.5, best), ha="right", va="bottom",
                          color=_COLOURS[1])  # fmt: skip
        axes.set_xticks(
            range(len(values)), [f"{result.fold.test_start:%m-%d}" for result in results], color=_INK
        )
        _label(axes, title, "first day tested", "")
        axes.set_ylim(0, 1.12 * max([*values, 0.01]))
    return _png(figure)


def _figure(count: int) -> tuple[Figure, Any]:
    figure = Figure(figsize=(11, 4.4), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(1, count)


def _label(axes: Any, title: str, across: str, up: str) -> None:
    axes.set_title(title, color=_INK, loc="left")
    axes.set_xlabel(across, color=_INK)
    axes.set_ylabel(up, color=_INK)
    axes.grid(color="#eef1f4")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _png(figure: Figure) -> bytes:
    content = io.BytesIO()
    figure.savefig(content, metadata={"Software": None})
    return content.getvalue()
