"""Random models and rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import xgboost

Matrix = np.ndarray[tuple[int, int], np.dtype[np.float32]]


def rows(count: int, features: int, seed: int, missing: float = 0.15) -> Matrix:
    """Rows with values that repeat, so that thresholds are met exactly, and some missing."""
    rng = np.random.default_rng(seed)
    values: Matrix = (np.round(rng.normal(size=(count, features)) * 4) / 4).astype(np.float32)
    values[rng.random(values.shape) < missing] = np.nan
    return values


def trained(seed: int, *, trees: int, depth: int, features: int = 12, count: int = 800, **extra: Any) -> Any:
    """A model whose few features repeat on its paths."""
    rng = np.random.default_rng(seed)
    matrix = rows(count, features, seed)
    known = np.nan_to_num(matrix)
    target = known[:, 0] * known[:, 1] + known[:, 2] + rng.normal(size=count) > 0.5
    parameters = {
        "objective": "binary:logistic",
        "max_depth": depth,
        "eta": 0.3,
        "base_score": 0.5,
        "min_child_weight": 1,
        "nthread": 1,
        "seed": seed,
    }
    return xgboost.train(parameters | extra, xgboost.DMatrix(matrix, target), trees)
