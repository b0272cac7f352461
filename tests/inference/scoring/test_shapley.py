"""The contributions are Shapley values, by their definition: every subset of features, in 64 bits."""

from __future__ import annotations

from itertools import combinations
from math import factorial

import numpy as np
import pytest

from inference.scoring.scorer import KernelScorer
from inference.scoring.trees import Forest, Tree, forest
from tests.inference.scoring.models import rows, trained

FEATURES = 5


def _expected(tree: Tree, row: list[float], known: frozenset[int], node: int = 0) -> float:
    """The tree's value when only these features are known: elsewhere both sides, by training weight."""
    if tree.is_leaf(node):
        return tree.value[node]
    feature, (left, right) = tree.feature[node], tree.shares(node)
    if feature not in known:
        return left * _expected(tree, row, known, tree.left[node]) + right * _expected(
            tree, row, known, tree.right[node]
        )
    value = row[feature]
    goes_left = bool(tree.missing_left[node]) if np.isnan(value) else value < np.float32(tree.value[node])
    return _expected(tree, row, known, tree.left[node] if goes_left else tree.right[node])


def _shapley(model: Forest, row: list[float], feature: int) -> float:
    others = [other for other in range(FEATURES) if other != feature]
    total = 0.0
    for size in range(FEATURES):
        weight = factorial(size) * factorial(FEATURES - size - 1) / factorial(FEATURES)
        for chosen in combinations(others, size):
            known = frozenset(chosen)
            for tree in model.trees:
                gain = _expected(tree, row, known | {feature}) - _expected(tree, row, known)
                total += weight * gain
    return total


@pytest.mark.parametrize("depth", [1, 2, 4, 7])
def test_contributions_are_shapley_values(depth: int) -> None:
    booster = trained(depth, trees=4, depth=depth, features=FEATURES, count=300)
    model, matrix = forest(booster), rows(12, FEATURES, 50)
    scores = KernelScorer(booster).score(matrix.astype(np.float64))
    for row, contributions in zip(matrix.tolist(), scores.contributions.tolist(), strict=True):
        expected = [_shapley(model, row, feature) for feature in range(FEATURES)]
        assert contributions == pytest.approx(expected, abs=2e-6)
