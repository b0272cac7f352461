"""Trains and tests on every fold of a protocol."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.backtest.folds import Fold, FoldError
from pipelines.backtest.known_cards import without_known_cards
from pipelines.backtest.rows import Rows
from pipelines.steps.booster import TreeSettings, fit, refit, scores
from pipelines.steps.dataset import Dataset
from pipelines.steps.metrics import binary_classification_metrics, fraud_metrics
from pipelines.steps.thresholds import Costs, Thresholds, choose
from pipelines.steps.windows import text

VALIDATION = timedelta(days=7)
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Result:
    """What a fold's model did on its test window.

    Attributes:
        rounds: boosting rounds, chosen on the last week of the training window.
        thresholds: chosen on the same week.
        scores, target: of the tested transactions, an element each.
        metrics: of `pipelines.steps.metrics`, by name.
        seconds: to train.
    """

    fold: Fold
    train_rows: int
    train_frauds: int
    rounds: int
    thresholds: Thresholds
    scores: NDArray[np.float64]
    target: NDArray[np.int8]
    metrics: dict[str, float]
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """The result as JSON can carry it."""
        fold = self.fold
        return {
            "train_start": text(fold.train_start),
            "train_end": text(fold.train_end),
            "train_days": fold.train_days,
            "train_rows": self.train_rows,
            "train_frauds": self.train_frauds,
            "test_start": text(fold.test_start),
            "test_end": text(fold.test_end),
            "test_rows": len(self.target),
            "test_frauds": int(self.target.sum()),
            "rounds": self.rounds,
            "thresholds": asdict(self.thresholds),
            "train_seconds": round(self.seconds, 1),
            **self.metrics,
        }


def backtest(
    rows: Rows,
    folds: Sequence[Fold],
    settings: TreeSettings,
    costs: Costs,
    threads: int,
    progress: Progress = lambda _: None,
) -> list[Result]:
    """One model per fold, each tested once.

    A model knows what was known when its test window began. Its number of rounds and its thresholds come
    from the last week of its training window; then it is fitted to the whole.

    Raises:
        FoldError: a window holds one class only.
    """
    results = []
    for number, fold in enumerate(folds, 1):
        results.append(_tested(rows, fold, settings, costs, threads))
        progress(_line(number, len(folds), results[-1]))
    return results


def _tested(rows: Rows, fold: Fold, settings: TreeSettings, costs: Costs, threads: int) -> Result:
    began = perf_counter()
    middle = fold.train_end - VALIDATION
    train = rows.dataset(rows.between(fold.train_start, middle), fold.test_start)
    validation = rows.dataset(rows.between(middle, fold.train_end), fold.test_start)
    test = rows.dataset(without_known_cards(rows, fold))
    for name, dataset in (("training", train), ("validation", validation), ("test", test)):
        frauds = int(dataset.target.sum())
        if frauds in (0, len(dataset.target)):
            raise FoldError(
                f"the {name} window of the fold tested from {fold.test_start:%Y-%m-%d} has {frauds} frauds "
                f"in {len(dataset.target)} transactions: use longer windows, or check its labels"
            )
    chosen = fit(train, validation, settings, threads)
    thresholds = choose(scores(chosen, validation), validation.target, costs)
    rounds = chosen.num_boosted_rounds()
    everything = rows.dataset(rows.between(fold.train_start, fold.train_end), fold.test_start)
    model = refit(everything, settings, rounds, threads)
    seconds = perf_counter() - began
    found = scores(model, test)
    return Result(
        fold,
        len(everything.target),
        int(everything.target.sum()),
        rounds,
        thresholds,
        found,
        test.target,
        _metrics(found, test, thresholds),
        seconds,
    )


def _metrics(found: NDArray[np.float64], test: Dataset, thresholds: Thresholds) -> dict[str, float]:
    fraud = fraud_metrics(found, test.target, test.keys)
    return {
        "auc": binary_classification_metrics(found, test.target, thresholds.review)["auc"]["value"],
        "average_precision": fraud["average_precision"],
        "card_precision_100": fraud["card_precision"]["value"],
        **{f"recall_at_fpr_{name}": value for name, value in fraud["recall_at_false_positive_rate"].items()},
        "brier_score": fraud["brier_score"],
    }


def _line(number: int, count: int, result: Result) -> str:
    metrics, fold = result.metrics, result.fold
    return (
        f"fold {number} of {count}, tested {fold.test_start:%Y-%m-%d} to {fold.test_end:%Y-%m-%d}: "
        f"AUC {metrics['auc']:.3f}, average precision {metrics['average_precision']:.3f}, "
        f"card precision@100 {metrics['card_precision_100']:.3f} ({result.seconds:.0f} s)"
    )
