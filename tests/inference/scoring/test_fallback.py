"""What the kernel does not take, xgboost explains, and the log says why."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import xgboost

from inference.scoring import scorer
from inference.scoring.trees import UnsupportedModelError, forest
from tests.inference.scoring.models import rows, trained


def _deep() -> Any:
    """One long path over many features."""
    features, count = 24, 4_000
    rng = np.random.default_rng(1)
    matrix = rng.random((count, features)).astype(np.float32)
    target = (matrix > 0.35).all(axis=1) | (np.arange(count) < 10)
    parameters = {
        "objective": "binary:logistic",
        "max_depth": 24,
        "min_child_weight": 0,
        "gamma": 0,
        "eta": 1,
    }
    return xgboost.train(parameters, xgboost.DMatrix(matrix, target), 30)


@pytest.mark.parametrize(
    ("extra", "why"),
    [
        ({"booster": "dart", "rate_drop": 0.5}, "booster dart"),
        ({"objective": "reg:squarederror"}, "objective reg:squarederror"),
        ({"objective": "binary:logitraw"}, "objective binary:logitraw"),
    ],
)
def test_other_kinds_of_models(extra: dict[str, Any], why: str, caplog: pytest.LogCaptureFixture) -> None:
    booster = trained(1, trees=3, depth=3, **extra)
    with caplog.at_level(logging.WARNING, "inference"):
        found = scorer(booster)
    assert found.kind == "xgboost"
    assert why in caplog.text
    matrix = rows(5, 12, 2)
    expected = booster.predict(xgboost.DMatrix(matrix), pred_contribs=True)
    scores = found.score(matrix.astype(np.float64))
    assert np.array_equal(scores.contributions, expected[:, :-1])


def test_categorical_splits() -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 6, size=(400, 1)).astype(np.float32)
    matrix = xgboost.DMatrix(
        codes, np.isin(codes[:, 0], (1, 4)), feature_types=["c"], enable_categorical=True
    )
    booster = xgboost.train({"objective": "binary:logistic", "max_cat_to_onehot": 1}, matrix, 3)
    with pytest.raises(UnsupportedModelError, match="categorical"):
        forest(booster)


def test_paths_that_are_too_long() -> None:
    with pytest.raises(UnsupportedModelError, match=r"a path with \d+ features|all on one side"):
        forest(_deep())


def test_a_model_that_fits_is_taken_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "inference"):
        assert scorer(trained(2, trees=3, depth=3)).kind == "kernel"
    assert not caplog.records


def test_without_numba_xgboost_explains() -> None:
    code = (
        "from tests.inference.scoring.models import rows, trained;"
        "from inference.scoring import scorer;"
        "found = scorer(trained(2, trees=3, depth=3));"
        "print(found.kind, found.score(rows(3, 12, 1).astype(float)).contributions.shape)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"FRAUDLINE_KERNEL": "python"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "xgboost (3, 12)"
