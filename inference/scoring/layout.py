"""A forest as the arrays that the kernels walk through.

A row is given twice, missing values once as minus and once as plus infinity: a split reads the copy
that sends a missing value its way, so that no split has to ask.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from inference.scoring.lanes import LANES
from inference.scoring.trees import Forest, Tree

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]

# What one tree, one split, one quadrature rule occupy in the arrays.
TREE_INTS = 7
SPLIT_INTS = 4
SPLIT_FLOATS = 6
REPEAT_INTS = 2


class Contributing(NamedTuple):
    """Arrays of `inference.scoring.contributions`.

    A tree's splits come in two runs, each level by level: those with a split below them, then those with two
    leaves. Slots number a tree's splits in this order, then the leaves below the first run.

    Attributes:
        trees: first split; splits of the first run; splits; first and end of the lone leaves; first and
            end of the repeats.
        split_ints: where its feature is in the row, in floats; its rule; slots of its children.
        split_floats: threshold, share right, -share left, share left; of two leaves: mean, difference.
        repeats: a split of a feature that was split above it: its slot, and the slot of the nearest such.
        sides: +1 when the repeat is on that one's left, -1 on its right.
        lone_leaves: values of leaves whose sibling is a split.
        rules: per rule the factors T then U of `quadrature`, one per point.
    """

    trees: Ints
    split_ints: Ints
    split_floats: Floats
    repeats: Ints
    sides: Floats
    lone_leaves: Floats
    rules: Floats


class Scoring(NamedTuple):
    """Arrays of `inference.scoring.margins`; a leaf is its own child.

    Attributes:
        features: where the split's feature is in the row; of a leaf, one that is always missing.
        values: threshold, or value of the leaf.
        children: the left child; the right one follows it.
        roots, depths: per tree.
    """

    features: Ints
    values: Floats
    children: Ints
    roots: Ints
    depths: Ints


@dataclass(frozen=True, slots=True)
class Layout:
    """A model ready for the kernels.

    Attributes:
        bias: log-odds of a transaction of which nothing is known; with the contributions of a row it
            adds up to the row's margin.
        slots: the most of any tree.
        points: of the quadrature, exact for the longest path.
    """

    contributing: Contributing
    scoring: Scoring
    base_margin: np.float32
    bias: float
    features: int
    slots: int
    points: int


def layout(forest: Forest) -> Layout:
    """Arrange a forest for the kernels."""
    points = max(1, (forest.longest_path + 1) // 2)
    builder = _Builder(forest.features, points)
    for tree in forest.trees:
        builder.add(tree)
    return Layout(
        contributing=builder.arrays(),
        scoring=_scoring(forest),
        base_margin=forest.base_margin,
        bias=float(forest.base_margin) + sum(_mean(tree, 0) for tree in forest.trees),
        features=forest.features,
        slots=builder.slots,
        points=points,
    )


def _column(tree: Tree, node: int, features: int) -> int:
    """Which of the two copies of the feature a split reads."""
    return tree.feature[node] + (0 if tree.missing_left[node] else features)


def _mean(tree: Tree, node: int) -> float:
    if tree.is_leaf(node):
        return tree.value[node]
    left, right = tree.shares(node)
    return left * _mean(tree, tree.left[node]) + right * _mean(tree, tree.right[node])


class _Builder:
    """Collects the arrays tree by tree."""

    def __init__(self, features: int, points: int) -> None:
        self._features = features
        self._points = points
        nodes, weights = np.polynomial.legendre.leggauss(points)
        self._t, self._w = (nodes + 1) / 2, weights / 2  # from [-1, 1] to [0, 1]
        self._trees: list[int] = []
        self._split_ints: list[int] = []
        self._split_floats: list[float] = []
        self._repeats: list[int] = []
        self._sides: list[float] = []
        self._lone_leaves: list[float] = []
        self._rules = [self._rule(1.0)]
        self.slots = 1

    def add(self, tree: Tree) -> None:
        splits = list(tree.splits())
        pairs = [n for n in splits if tree.is_leaf(tree.left[n]) and tree.is_leaf(tree.right[n])]
        others = [n for n in splits if n not in set(pairs)]
        slot = {node: at for at, node in enumerate(others + pairs)}
        first_leaf, first_repeat = len(self._lone_leaves), len(self._repeats) // REPEAT_INTS
        for node in others:
            for child in (tree.left[node], tree.right[node]):
                if tree.is_leaf(child):
                    slot[child] = len(slot)
                    self._lone_leaves.append(tree.value[child])
        above = _nearest_above(tree)
        for node in splits:
            if node in above:
                ancestor, side, _ = above[node]
                self._repeats += [slot[node] * LANES, slot[ancestor] * LANES]
                self._sides.append(side)
        first_split = len(self._split_ints) // SPLIT_INTS
        for node in others + pairs:
            self._split(tree, node, slot, above[node][2] if node in above else None)
        self._trees += [first_split, len(others), len(splits)]
        self._trees += [first_leaf, len(self._lone_leaves), first_repeat, len(self._repeats) // REPEAT_INTS]
        self.slots = max(self.slots, len(slot))

    def _split(self, tree: Tree, node: int, slot: dict[int, int], share_above: float | None) -> None:
        rule = 0
        if share_above is not None:
            rule = len(self._rules)
            self._rules.append(self._rule(share_above))
        left, right = tree.left[node], tree.right[node]
        stride = self._points * LANES
        self._split_ints += [
            _column(tree, node, self._features) * LANES,
            rule * 2 * self._points,
            slot.get(left, 0) * stride,
            slot.get(right, 0) * stride,
        ]
        shares = tree.shares(node)
        mean = difference = 0.0
        if tree.is_leaf(left) and tree.is_leaf(right):
            mean = shares[0] * tree.value[left] + shares[1] * tree.value[right]
            difference = tree.value[left] - tree.value[right]
        self._split_floats += [tree.value[node], shares[1], -shares[0], shares[0], mean, difference]

    def _rule(self, share_above: float) -> npt.NDArray[np.float64]:
        """T and U (see `contributions`) of a split below splits of its feature that kept `share_above`."""
        factor = share_above * (1 - self._t) + self._t
        return np.concatenate([self._t / factor, self._w * share_above / factor**2])

    def arrays(self) -> Contributing:
        return Contributing(
            np.array(self._trees, np.int32),
            np.array(self._split_ints, np.int32),
            np.array(self._split_floats, np.float32),
            np.array(self._repeats, np.int32),
            np.array(self._sides, np.float32),
            np.array(self._lone_leaves, np.float32),
            np.concatenate(self._rules).astype(np.float32),
        )


def _nearest_above(tree: Tree) -> dict[int, tuple[int, float, float]]:
    """For every split of a feature that was split above it: the nearest such split, +1 when it is on
    that one's left and -1 on its right, and the share of weight that all such splits kept."""
    found: dict[int, tuple[int, float, float]] = {}
    waiting: list[tuple[int, dict[int, tuple[int, float, float]]]] = [(0, {})]
    while waiting:
        node, met = waiting.pop()
        if tree.is_leaf(node):
            continue
        feature = tree.feature[node]
        if feature in met:
            found[node] = met[feature]
        kept = met[feature][2] if feature in met else 1.0
        left, right = tree.shares(node)
        waiting.append((tree.left[node], {**met, feature: (node, 1.0, kept * left)}))
        waiting.append((tree.right[node], {**met, feature: (node, -1.0, kept * right)}))
    return found


def _scoring(forest: Forest) -> Scoring:
    features: list[int] = []
    values: list[float] = []
    children: list[int] = []
    roots: list[int] = []
    depths: list[int] = []
    for tree in forest.trees:
        roots.append(len(features))
        level, depth, placed = [0], 0, len(features) + 1
        while level:
            below = []
            for node in level:
                values.append(tree.value[node])
                if tree.is_leaf(node):
                    features.append(2 * forest.features)
                    children.append(len(children))
                else:
                    features.append(_column(tree, node, forest.features))
                    children.append(placed)
                    placed += 2
                    below += [tree.left[node], tree.right[node]]
            depth += bool(below)
            level = below
        depths.append(depth)
    return Scoring(
        np.array(features, np.int32),
        np.array(values, np.float32),
        np.array(children, np.int32),
        np.array(roots, np.int32),
        np.array(depths, np.int32),
    )
