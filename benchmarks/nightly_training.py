"""The fit of TrainModel against plain `xgboost.train` on the same matrix; for `benchmarks.nightly`."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import xgboost as xgb

from benchmarks.features import Cost, cpu_seconds
from benchmarks.results import record
from pipelines.steps.booster import TreeSettings, _parameters, fit
from pipelines.steps.dataset import Dataset, read_split

REPEATS = 3


def against_plain_xgboost(outputs: Path) -> None:
    """Both in turn, `REPEATS` times, with equal parameters; the cheapest of each counts.

    Args:
        outputs: of BuildFeatures.
    """
    train, validation = (read_split(outputs / name, name) for name in ("train", "validation"))
    settings = TreeSettings(rounds=100, learning_rate=0.1, early_stopping=100)
    threads = os.cpu_count() or 1
    rounds: list[int] = []

    def ours() -> None:
        rounds.append(fit(train, validation, settings, threads).num_boosted_rounds())

    def plain() -> None:
        parameters = {**_parameters(train, settings, threads), "eval_metric": ["auc", "aucpr"]}
        booster = xgb.train(
            parameters,
            xgb.DMatrix(train.features, label=train.target),
            num_boost_round=settings.rounds,
            evals=[(xgb.DMatrix(validation.features, label=validation.target), "validation")],
            early_stopping_rounds=settings.early_stopping,
            verbose_eval=False,
        )
        rounds.append(booster.best_iteration + 1)

    costs: list[tuple[Cost, Cost]] = [(_measured(plain), _measured(ours)) for _ in range(REPEATS)]
    cheapest = [min(pair[which].cpu for pair in costs) for which in (0, 1)]
    record(
        "nightly training, fit of TrainModel",
        _rows(train) * settings.rounds / cheapest[1],
        "rows x rounds per CPU s",
        "plain xgboost.train on the same matrix, per CPU s",
        cheapest[0] / cheapest[1],
    )
    print(f"best rounds: {sorted(set(rounds))}")


def _rows(data: Dataset) -> int:
    return len(data.target)


def _measured(work: Callable[[], None]) -> Cost:
    began, cpu = time.perf_counter(), cpu_seconds()
    work()
    return Cost(time.perf_counter() - began, cpu_seconds() - cpu)


if __name__ == "__main__":
    against_plain_xgboost(Path(sys.argv[1]))
