"""Scores and contributions are xgboost's, on models of every shape that is taken."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xgboost

from inference.scoring.ranking import rank
from inference.scoring.scorer import BoosterScorer, KernelScorer, Scores
from tests.inference.scoring.models import rows, trained

FEATURES = 12


def _same(booster: Any, matrix: Any) -> Scores:
    """Compare on every row; returns ours."""
    ours = KernelScorer(booster).score(matrix.astype(np.float64))
    theirs = booster.predict(xgboost.DMatrix(matrix), pred_contribs=True)
    margins = booster.predict(xgboost.DMatrix(matrix), output_margin=True)
    assert np.abs(ours.probabilities - booster.predict(xgboost.DMatrix(matrix))).max() <= 1e-6
    scale = max(1.0, float(np.abs(theirs).max()))
    assert np.abs(ours.contributions - theirs[:, :-1]).max() <= 2e-5 * scale
    assert ours.bias == pytest.approx(float(theirs[0, -1]), abs=2e-5 * scale)
    together = ours.contributions.astype(np.float64).sum(axis=1) + ours.bias
    assert np.abs(together - margins).max() <= 5e-5 * scale
    _same_top(ours, theirs[:, :-1], 2e-5 * scale)
    return ours


def _same_top(ours: Scores, theirs: Any, rounding: float) -> None:
    """The same five features in the same order; only what 32 bits cannot tell apart may change places."""
    ranked = rank(ours, min(5, theirs.shape[1]))
    for row, found in enumerate(ranked.strongest):
        sizes = np.abs(theirs[row])
        expected = np.argsort(-sizes, kind="stable")[: len(found)]
        for mine, other in zip(found, expected.tolist(), strict=True):
            assert mine == other or abs(sizes[mine] - sizes[other]) <= 2 * rounding


@pytest.mark.parametrize("depth", range(1, 11))
@pytest.mark.parametrize("base_score", [0.5, 0.01])
def test_every_depth(depth: int, base_score: float) -> None:
    _same(trained(depth, trees=20, depth=depth, base_score=base_score), rows(60, FEATURES, 99))


@pytest.mark.parametrize("trees", [1, 2, 100, 1000])
def test_any_number_of_trees(trees: int) -> None:
    _same(trained(3, trees=trees, depth=4, eta=0.05), rows(40, FEATURES, 98))


@pytest.mark.parametrize(
    "extra",
    [
        {"tree_method": "exact"},
        {"tree_method": "hist", "grow_policy": "lossguide", "max_leaves": 40, "max_depth": 0},
        {"subsample": 0.5, "colsample_bytree": 0.5},
        {"min_child_weight": 0.01},
        {"scale_pos_weight": 30.0},
        {"num_parallel_tree": 3},
        {"base_score": 0.999},
    ],
)
def test_ways_of_growing(extra: dict[str, Any]) -> None:
    depth = extra.pop("max_depth", 6)
    _same(trained(5, trees=15, depth=depth, **extra), rows(60, FEATURES, 97))


@pytest.mark.parametrize("missing", [0.0, 0.5, 1.0])
def test_missing_values(missing: float) -> None:
    _same(trained(6, trees=20, depth=6), rows(60, FEATURES, 96, missing))


@pytest.mark.parametrize("count", range(1, 18))
def test_any_number_of_rows_at_once(count: int) -> None:
    booster, matrix = trained(7, trees=5, depth=5), rows(17, FEATURES, 95)
    whole = KernelScorer(booster).score(matrix.astype(np.float64))
    part = KernelScorer(booster).score(matrix[:count].astype(np.float64))
    assert np.array_equal(part.contributions, whole.contributions[:count])
    assert np.array_equal(part.probabilities, whole.probabilities[:count])


def test_huge_and_infinite_values() -> None:
    booster, matrix = trained(8, trees=20, depth=6), rows(20, FEATURES, 94)
    matrix[0], matrix[1] = 3e38, -3e38
    _same(booster, matrix)


def test_a_tree_without_a_split() -> None:
    booster = trained(9, trees=3, depth=3, gamma=1e9)
    ours = _same(booster, rows(10, FEATURES, 93))
    assert not ours.contributions.any()


def test_xgboosts_own_scorer_gives_the_same_shapes() -> None:
    booster, matrix = trained(10, trees=5, depth=4), rows(9, FEATURES, 92).astype(np.float64)
    ours, theirs = KernelScorer(booster).score(matrix), BoosterScorer(booster).score(matrix)
    assert ours.contributions.shape == theirs.contributions.shape
    assert ours.contributions.dtype == theirs.contributions.dtype
    assert ours.probabilities == pytest.approx(theirs.probabilities, abs=1e-6)
    assert ours.bias == pytest.approx(theirs.bias, abs=1e-5)
