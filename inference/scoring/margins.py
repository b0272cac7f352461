"""Log-odds of rows, added up in xgboost's own order and arithmetic: the same 32 bits."""

from __future__ import annotations

from typing import Any

from inference.scoring.lanes import LANES, integer, number
from processing.windows.compiled import compiled


@compiled
def add_margins(arrays: Any, row: Any, rows: int, margins: Any) -> None:
    """Add every tree's leaf, without a branch that the processor would have to guess.

    Args:
        arrays: `layout.Scoring`.
        row: as for the contributions, and one more feature whose values are NaN.
        rows: how many lanes are in use.
        margins: float32 per lane, the base margin at first.
    """
    for tree in range(arrays.roots.size):
        root, depth = integer(arrays.roots, tree), integer(arrays.depths, tree)
        for lane in range(rows):
            node = root
            for _ in range(depth):
                value = number(row, integer(arrays.features, node) * LANES + lane)
                # A leaf compares NaN, which is not on the right either, and stays where it is.
                node = integer(arrays.children, node) + (value >= number(arrays.values, node))
            margins[lane] += number(arrays.values, node)
