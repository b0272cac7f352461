"""Fits the gradient-boosted trees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xgboost as xgb

from feature_groups import FEATURE_NAMES
from pipelines.steps.dataset import Dataset


@dataclass(frozen=True, slots=True)
class TreeSettings:
    """How the trees are grown.

    Attributes:
        rounds: most boosting rounds.
        early_stopping: rounds without a better validation average precision that end training.
        imbalance: weight of a fraud is (genuine / frauds) ** imbalance. 0 leaves the classes as
            they are, 1 balances them; what lies between keeps scores near to probabilities.
        regularization: L2 penalty of leaf values.
    """

    rounds: int = 1000
    max_depth: int = 6
    learning_rate: float = 0.05
    min_child_weight: float = 5.0
    subsample: float = 0.8
    colsample: float = 0.6
    regularization: float = 1.0
    early_stopping: int = 50
    imbalance: float = 0.0
    seed: int = 7


def fit(
    train: Dataset, validation: Dataset, settings: TreeSettings, threads: int, *, print_every: int = 0
) -> xgb.Booster:
    """A model of `train`, cut at its best round on `validation`.

    Deterministic for equal data, settings, thread count and xgboost version.

    Args:
        print_every: rounds between two lines about the validation on standard output; 0 prints none.
    """
    training = _matrix(train)
    booster = xgb.train(
        {**_parameters(train, settings, threads), "eval_metric": ["auc", "aucpr"]},  # the last one stops
        training,
        num_boost_round=settings.rounds,
        evals=[(_matrix(validation, reference=training), "validation")],
        early_stopping_rounds=settings.early_stopping,
        verbose_eval=print_every or False,
    )
    best: xgb.Booster = booster[: booster.best_iteration + 1]
    return best


def refit(everything: Dataset, settings: TreeSettings, rounds: int, threads: int) -> xgb.Booster:
    """A model of all rows, grown for as many rounds as were best on a validation window.

    The newest days, which a model is held against while it is chosen, resemble the days to come most.
    """
    parameters = _parameters(everything, settings, threads)
    return xgb.train(parameters, _matrix(everything), num_boost_round=rounds, verbose_eval=False)


def _parameters(train: Dataset, settings: TreeSettings, threads: int) -> dict[str, Any]:
    frauds = int(train.target.sum())
    weight = ((len(train.target) - frauds) / frauds) ** settings.imbalance
    return {
        "objective": "binary:logistic",
        # Not xgboost's defaults: an estimated base score and 256 bins lose a tenth of the average
        # precision when one transaction in two hundred is a fraud.
        "base_score": 0.5,
        "tree_method": "hist",
        "max_bin": 1024,
        "max_depth": settings.max_depth,
        "eta": settings.learning_rate,
        "min_child_weight": settings.min_child_weight,
        "subsample": settings.subsample,
        "colsample_bytree": settings.colsample,
        "reg_lambda": settings.regularization,
        "scale_pos_weight": weight,
        "seed": settings.seed,
        "nthread": threads,
    }


def scores(booster: xgb.Booster, dataset: Dataset) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Fraud probability of each row."""
    predictions = booster.inplace_predict(dataset.features, missing=np.nan)
    return np.asarray(predictions, dtype=np.float64)


def _matrix(dataset: Dataset, reference: xgb.QuantileDMatrix | None = None) -> xgb.QuantileDMatrix:
    return xgb.QuantileDMatrix(
        dataset.features,
        label=dataset.target,
        missing=np.nan,
        feature_names=list(FEATURE_NAMES),
        max_bin=1024,
        ref=reference,
    )
