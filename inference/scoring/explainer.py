"""Rows to log-odds, contributions and their order: blocks of eight through both kernels."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from inference.scoring.contributions import kernel
from inference.scoring.lanes import LANES
from inference.scoring.margins import add_margins
from processing.windows.compiled import compiled


@cache
def explainer(points: int) -> Callable[..., None]:
    """The compiled function for a number of quadrature points."""
    add_contributions = kernel(points)

    @compiled
    def explain(
        contributing: Any,
        scoring: Any,
        slots: int,
        base_margin: Any,
        matrix: Any,
        margins: Any,
        contributions: Any,
    ) -> None:
        """Explain every row of a matrix.

        Args:
            contributing, scoring, slots, base_margin: of a `layout.Layout`.
            matrix: float64 [rows, features], NaN where missing.
            margins: float32 [rows], written.
            contributions: float32 [rows, features], written.
        """
        features = matrix.shape[1]
        row = np.zeros((2 * features + 1) * LANES, np.float32)
        phi = np.empty(2 * features * LANES, np.float32)
        sums = np.empty(LANES, np.float32)
        for lane in range(LANES):
            row[2 * features * LANES + lane] = np.nan
        for start in range(0, matrix.shape[0], LANES):
            rows = min(LANES, matrix.shape[0] - start)
            for feature in range(features):
                for lane in range(rows):
                    value = np.float32(matrix[start + lane, feature])
                    missing = np.isnan(value)
                    row[feature * LANES + lane] = np.float32(-np.inf) if missing else value
                    row[(features + feature) * LANES + lane] = np.float32(np.inf) if missing else value
            phi[:] = 0.0
            sums[:] = base_margin
            add_contributions(contributing, slots, row, phi)
            add_margins(scoring, row, rows, sums)
            for lane in range(rows):
                margins[start + lane] = sums[lane]
                for feature in range(features):
                    contributions[start + lane, feature] = (
                        phi[feature * LANES + lane] + phi[(features + feature) * LANES + lane]
                    )

    return explain


@compiled
def strongest(contributions: Any, count: int, order: Any) -> None:
    """The features with the largest absolute contributions of every row, the largest first.

    Args:
        contributions: float32 [rows, features].
        count: how many of them; equal ones keep the order of the features.
        order: int64 [rows, count], written.
    """
    for row in range(contributions.shape[0]):
        for place in range(count):
            best, found = np.float32(-1.0), 0
            for feature in range(contributions.shape[1]):
                size = abs(contributions[row, feature])
                if size > best:
                    taken = False
                    for earlier in range(place):
                        taken = taken or order[row, earlier] == feature
                    if not taken:
                        best, found = size, feature
            order[row, place] = found
