"""The trees of an xgboost model, and every reason why the kernel cannot take them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import xgboost

LONGEST_PATH = 16
"""Most different features on one path: beyond, 32-bit quadrature is not exact enough."""
_SMALLEST_SHARE = 1e-6
"""Smallest share of a node's training weight that a child may have had in 32-bit arithmetic."""


class UnsupportedModelError(ValueError):
    """The kernel cannot explain this model exactly; xgboost itself must. The message says why."""


@dataclass(frozen=True, slots=True)
class Tree:
    """One tree by node number, the root is 0; a leaf has ``left[node] == -1``.

    Attributes:
        value: threshold of a split (``x < value`` goes left), or the leaf's value.
        missing_left: where a missing value goes.
        cover: training weight (sum of hessians) that reached the node.
    """

    left: list[int]
    right: list[int]
    feature: list[int]
    value: list[float]
    missing_left: list[int]
    cover: list[float]

    def is_leaf(self, node: int) -> bool:
        return self.left[node] < 0

    def splits(self) -> Iterator[int]:
        """Every split, level by level: parents before children, neighbours independent."""
        level = [0]
        while level:
            inner = [node for node in level if not self.is_leaf(node)]
            yield from inner
            level = [child for node in inner for child in (self.left[node], self.right[node])]

    def shares(self, node: int) -> tuple[float, float]:
        """Shares of a split's training weight that went left and right."""
        left, right = self.cover[self.left[node]], self.cover[self.right[node]]
        return left / (left + right), right / (left + right)


@dataclass(frozen=True, slots=True)
class Forest:
    """A checked model: what it adds up.

    Attributes:
        base_margin: log-odds before the first tree.
        features: width of a row.
        longest_path: most different features on one path.
    """

    trees: list[Tree]
    base_margin: np.float32
    features: int
    longest_path: int


def forest(booster: xgboost.Booster) -> Forest:
    """The trees of a model.

    Raises:
        UnsupportedModelError: another objective or booster, several outputs, categorical splits, a path
            with more than `LONGEST_PATH` features, or a split whose training weight is all on one side.
    """
    learner = json.loads(booster.save_raw("json"))["learner"]
    objective = learner["objective"]["name"]
    if objective != "binary:logistic":
        raise UnsupportedModelError(f"objective {objective}")
    kind = learner["gradient_booster"]["name"]
    if kind != "gbtree":
        raise UnsupportedModelError(f"booster {kind}")
    shape = learner["learner_model_param"]
    if int(shape.get("num_target", "1")) > 1 or int(shape.get("num_class", "0")) > 1:
        raise UnsupportedModelError("several outputs")
    trees = [_tree(document) for document in learner["gradient_booster"]["model"]["trees"]]
    longest = max((_longest_path(tree) for tree in trees), default=0)
    if longest > LONGEST_PATH:
        raise UnsupportedModelError(f"a path with {longest} features; at most {LONGEST_PATH} are supported")
    return Forest(trees, _base_margin(shape["base_score"]), booster.num_features(), longest)


def _tree(document: dict[str, Any]) -> Tree:
    if any(document.get("split_type", ())):
        raise UnsupportedModelError("categorical splits")
    tree = Tree(
        document["left_children"],
        document["right_children"],
        document["split_indices"],
        document["split_conditions"],
        document["default_left"],
        document["sum_hessian"],
    )
    for node in tree.splits():
        covers = tree.cover[tree.left[node]], tree.cover[tree.right[node]]
        if not min(covers) > _SMALLEST_SHARE * sum(covers):
            raise UnsupportedModelError("a split whose training weight is all on one side")
    return tree


def _longest_path(tree: Tree) -> int:
    longest = 0
    waiting: list[tuple[int, frozenset[int]]] = [(0, frozenset())]
    while waiting:
        node, met = waiting.pop()
        if tree.is_leaf(node):
            longest = max(longest, len(met))
            continue
        met |= {tree.feature[node]}
        waiting += [(tree.left[node], met), (tree.right[node], met)]
    return longest


def _base_margin(text: str) -> np.float32:
    """The base score, a probability in text, as log-odds in xgboost's own arithmetic."""
    parsed = json.loads(text)
    probability = np.float32(parsed[0] if isinstance(parsed, list) else parsed)
    one = np.float32(1)
    return np.float32(-np.log(one / probability - one))
