"""Searches tree settings on the validation window, within a bound and from a seed.

Trial 0 is what the execution asked for. Every further one is drawn by scikit-learn's `ParameterSampler`
(random search: Bergstra and Bengio, JMLR 13, 2012). Trials learn from a sample of the training rows, so that
a search costs the same however long the history is; the model itself learns from all rows. The test window
is not seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from scipy.stats import loguniform, uniform
from sklearn.metrics import average_precision_score
from sklearn.model_selection import ParameterSampler

from pipelines.steps.booster import TreeSettings, fit, scores
from pipelines.steps.dataset import Dataset

SAMPLE_ROWS = 200_000
_LEAST_DEPTH = 3


@dataclass(frozen=True, slots=True)
class Trial:
    """One way to grow trees, and the average precision it reached on the validation window."""

    settings: TreeSettings
    average_precision: float

    def as_dict(self) -> dict[str, Any]:
        """The trial as a JSON document."""
        return {**asdict(self.settings), "validation:average_precision": self.average_precision}


def search(
    train: Dataset,
    validation: Dataset,
    asked: TreeSettings,
    trials: int,
    threads: int,
    tell: Callable[[str], None] = print,
) -> list[Trial]:
    """Every trial, the best first; of equals the earlier, so that nothing changes without a gain.

    Args:
        asked: settings of trial 0. Its rounds, learning rate and seed hold for all, and no trial grows deeper
            trees: what scoring may cost is the caller's to say.
        trials: how many, at least 1; 1 tries nothing but `asked` and trains nothing.
    """
    if trials == 1:
        return [Trial(asked, float("nan"))]
    sample = _sample(train, asked.seed)
    found = []
    for number, settings in enumerate(_candidates(asked, trials)):
        booster = fit(sample, validation, settings, threads)
        reached = float(average_precision_score(validation.target, scores(booster, validation)))
        found.append(Trial(settings, reached))
        tell(f"trial {number + 1} of {trials}: average precision {reached:.4f} on validation, {settings}")
    return sorted(found, key=lambda trial: -trial.average_precision)


def _candidates(asked: TreeSettings, trials: int) -> Iterator[TreeSettings]:
    yield asked
    least = min(_LEAST_DEPTH, asked.max_depth)
    space = {
        "max_depth": range(max(least, asked.max_depth - 2), asked.max_depth + 1),
        "min_child_weight": loguniform(1, 30),
        "subsample": uniform(0.6, 0.4),
        "colsample": uniform(0.3, 0.6),
        "regularization": loguniform(0.3, 30),
        "imbalance": [0.0, 0.25, 0.5],
    }
    for drawn in ParameterSampler(space, trials - 1, random_state=asked.seed):
        settings: dict[str, Any] = {name: _plain(value) for name, value in drawn.items()}
        yield replace(asked, **settings)


def _plain(value: Any) -> int | float:
    """A whole number as it is, any other with three digits: what a report and a log can repeat exactly."""
    return int(value) if isinstance(value, (int, np.integer)) else float(f"{value:.3g}")


def _sample(train: Dataset, seed: int) -> Dataset:
    """At most `SAMPLE_ROWS` rows in their order; all frauds and genuine ones by the same chance."""
    rows = len(train.target)
    if rows <= SAMPLE_ROWS:
        return train
    chosen = np.sort(np.random.default_rng(seed).choice(rows, SAMPLE_ROWS, replace=False))
    if not 0 < int(train.target[chosen].sum()) < SAMPLE_ROWS:
        return train
    return Dataset(train.features[chosen], train.target[chosen], train.keys.iloc[chosen])
