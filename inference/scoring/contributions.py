"""Exact SHAP values of trees, for eight rows at once.

Path-dependent TreeSHAP (Lundberg et al. 2020, "From local explanations to global understanding with
explainable AI for trees"): the value of feature i is the sum over leaves of

    v * (o_i - z_i) * integral over t in [0, 1] of the product over j != i of (z_j (1 - t) + o_j t)

where v is the leaf's value and, of all splits of feature j on the leaf's path, o_j says whether the row
passes them and z_j is the share of training weight that did. The integrand is a polynomial, so a
Gauss-Legendre rule with half as many points as the path has features is exact (arXiv 2605.04497).

For one split, with `e` = (goes left) - (share left), or 0 where an earlier split of the same feature has
already turned the row away, and D = G_left - G_right, telescoping over a path's splits of a feature gives

    r    = share left + T e            weight of the left child at a point; 1 - r of the right one
    G    = G_right + r D               the subtree's value, leaves to root
    P    = P r,  P (1 - r)             the path's weight, root to leaves
    phi += e * sum over points of U P D

T and U depend on the point and on z of the splits above (`layout._Builder._rule`): T = t / f and
U = w z / f**2 with f = z (1 - t) + t; w is the point's weight.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from inference.scoring.lanes import LANES, constant, integer, load, multiply_add, splat, store, where_below
from inference.scoring.layout import REPEAT_INTS, SPLIT_FLOATS, SPLIT_INTS, TREE_INTS
from processing.windows.compiled import compiled

_THRESHOLD, _SHARE_RIGHT, _MINUS_SHARE_LEFT, _SHARE_LEFT, _MEAN, _DIFFERENCE = range(SPLIT_FLOATS)


@compiled
def directions(base: int, n: int, first: int, end: int, arrays: Any, row: Any, e: Any) -> None:
    """e of every split of a tree."""
    zero = constant(np.float32(0))
    for k in range(n):
        values = (base + k) * SPLIT_FLOATS
        store(
            e,
            k * LANES,
            where_below(
                load(row, integer(arrays.split_ints, (base + k) * SPLIT_INTS)),
                splat(arrays.split_floats, values + _THRESHOLD),
                splat(arrays.split_floats, values + _SHARE_RIGHT),
                splat(arrays.split_floats, values + _MINUS_SHARE_LEFT),
            ),
        )
    for repeat in range(first, end):
        own = integer(arrays.repeats, REPEAT_INTS * repeat)
        passed = load(e, integer(arrays.repeats, REPEAT_INTS * repeat + 1)) * splat(arrays.sides, repeat)
        store(e, own, where_below(zero, passed, load(e, own), zero))


@cache
def kernel(points: int) -> Callable[..., None]:
    """The kernel for a number of quadrature points, which is fixed when it is compiled."""
    stride = points * LANES

    @compiled
    def subtrees(base: int, inner: int, n: int, first: int, end: int, arrays: Any, e: Any, g: Any) -> None:
        """G of every slot of a tree."""
        for k in range(end - first):
            for q in range(points):
                store(g, (n + k) * stride + q * LANES, splat(arrays.lone_leaves, first + k))
        for k in range(inner, n):
            values = (base + k) * SPLIT_FLOATS
            rule = integer(arrays.split_ints, (base + k) * SPLIT_INTS + 1)
            moved = load(e, k * LANES) * splat(arrays.split_floats, values + _DIFFERENCE)
            mean = splat(arrays.split_floats, values + _MEAN)
            for q in range(points):
                store(g, k * stride + q * LANES, multiply_add(splat(arrays.rules, rule + q), moved, mean))
        for k in range(inner - 1, -1, -1):
            at = (base + k) * SPLIT_INTS
            rule, left = integer(arrays.split_ints, at + 1), integer(arrays.split_ints, at + 2)
            right = integer(arrays.split_ints, at + 3)
            own = load(e, k * LANES)
            share = splat(arrays.split_floats, (base + k) * SPLIT_FLOATS + _SHARE_LEFT)
            for q in range(points):
                other = load(g, right + q * LANES)
                weight = multiply_add(splat(arrays.rules, rule + q), own, share)
                store(
                    g,
                    k * stride + q * LANES,
                    multiply_add(weight, load(g, left + q * LANES) - other, other),
                )

    @compiled
    def paths(base: int, inner: int, n: int, arrays: Any, e: Any, g: Any, p: Any, phi: Any) -> None:
        """P of every split of a tree, and what each adds to its feature."""
        for q in range(points):
            store(p, q * LANES, constant(np.float32(1)))
        for k in range(inner):
            at = (base + k) * SPLIT_INTS
            feature, rule = integer(arrays.split_ints, at), integer(arrays.split_ints, at + 1)
            left, right = integer(arrays.split_ints, at + 2), integer(arrays.split_ints, at + 3)
            own = load(e, k * LANES)
            share = splat(arrays.split_floats, (base + k) * SPLIT_FLOATS + _SHARE_LEFT)
            total = constant(np.float32(0))
            for q in range(points):
                weight = load(p, k * stride + q * LANES)
                difference = load(g, left + q * LANES) - load(g, right + q * LANES)
                total = multiply_add(weight * splat(arrays.rules, rule + points + q), difference, total)
                to_left = weight * multiply_add(splat(arrays.rules, rule + q), own, share)
                store(p, left + q * LANES, to_left)
                store(p, right + q * LANES, weight - to_left)
            store(phi, feature, multiply_add(own, total, load(phi, feature)))
        for k in range(inner, n):
            at = (base + k) * SPLIT_INTS
            feature, rule = integer(arrays.split_ints, at), integer(arrays.split_ints, at + 1)
            total = constant(np.float32(0))
            for q in range(points):
                weight = load(p, k * stride + q * LANES)
                total = multiply_add(weight, splat(arrays.rules, rule + points + q), total)
            moved = load(e, k * LANES) * splat(arrays.split_floats, (base + k) * SPLIT_FLOATS + _DIFFERENCE)
            store(phi, feature, multiply_add(moved, total, load(phi, feature)))

    @compiled
    def add_contributions(arrays: Any, slots: int, row: Any, phi: Any) -> None:
        """Add what every tree says of eight rows.

        Args:
            arrays: `layout.Contributing`.
            slots: the most of any tree.
            row: float32, features by LANES, both copies of every feature.
            phi: float32 of the same shape; the two copies of a feature add up to its contribution.
        """
        e = np.empty(slots * LANES, np.float32)
        g = np.empty(slots * stride, np.float32)
        p = np.empty(slots * stride, np.float32)
        for tree in range(arrays.trees.size // TREE_INTS):
            at = tree * TREE_INTS
            base, inner = integer(arrays.trees, at), integer(arrays.trees, at + 1)
            n = integer(arrays.trees, at + 2)
            if n == 0:
                continue  # a tree of one leaf adds to the bias only
            directions(base, n, integer(arrays.trees, at + 5), integer(arrays.trees, at + 6), arrays, row, e)
            subtrees(
                base, inner, n, integer(arrays.trees, at + 3), integer(arrays.trees, at + 4), arrays, e, g
            )
            paths(base, inner, n, arrays, e, g, p, phi)

    return add_contributions
