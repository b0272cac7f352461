"""A backtest's pictures."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.backtest.published import Published
from pipelines.backtest.run import Result
from pipelines.report import curves as curve
from pipelines.report.drawing import COLOURS, INK, figure, label, png

_LINES = ("-", "--", ":", "-.")


def curves(results: Sequence[Result]) -> bytes:
    """ROC and precision against recall of every fold, as a PNG file."""
    made, (left, right) = figure(2)
    for number, result in enumerate(results):
        style = {
            "color": COLOURS[number % len(COLOURS)],
            "linestyle": _LINES[number % len(_LINES)],
            "label": f"tested from {result.fold.test_start:%Y-%m-%d}",
        }
        curve.roc(left, result.scores, result.target, linewidth=1.6, **style)
        curve.precision_recall(right, result.scores, result.target, linewidth=1.6, **style)
    left.legend(loc="lower right", frameon=False)
    return png(made)


def folds(results: Sequence[Result], published: Sequence[Published]) -> bytes:
    """Average precision and card precision of every fold beside what was published, as a PNG file."""
    made, both = figure(2)
    for axes, name, title in zip(
        both,
        ("average_precision", "card_precision_100"),
        ("Average precision", "Card precision@100"),
        strict=True,
    ):
        values = [result.metrics[name] for result in results]
        axes.bar(range(len(values)), values, color=COLOURS[0], width=0.6)
        for at, value in enumerate(values):
            axes.annotate(f"{value:.3f}", (at, value), ha="center", va="bottom", color=INK)
        if published:
            best = max(getattr(row, "average_precision" if "average" in name else "card_precision")
                       for row in published)  # fmt: skip
            axes.axhline(best, color=COLOURS[1], linestyle="--", linewidth=1.4)
            axes.annotate(f"best published {best:.3f}", (len(values) - 0.5, best), ha="right", va="bottom",
                          color=COLOURS[1])  # fmt: skip
        axes.set_xticks(
            range(len(values)), [f"{result.fold.test_start:%m-%d}" for result in results], color=INK
        )
        label(axes, title, "first day tested", "")
        axes.set_ylim(0, 1.12 * max([*values, 0.01]))
    return png(made)
