"""``python -m inference.precompile``: compile every kernel once, into numba's cache beside its source.

Part of the installation and of the image: without it each process that starts before the first one has
compiled spends up to a minute of CPU on the same work. Needs nothing but the packages.
"""

from __future__ import annotations

import logging
import sys
import time

import numpy as np
import xgboost

from feature_groups import FEATURE_NAMES
from inference.reasons import MAX_REASONS
from inference.scoring.ranking import rank
from inference.scoring.scorer import scorer
from processing.stream.warm import warm as warm_stream
from processing.windows import warm as warm_windows

DEPTHS = range(1, 11)
"""Of trees: the kernel is compiled for each number of quadrature points that they need."""


def main() -> int:
    """Compile what is not compiled yet; 0."""
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    began = time.perf_counter()
    warm_windows()
    warm_stream()
    for depth in DEPTHS:
        _score(depth)
    logging.getLogger(__name__).info("kernels compiled in %.0f s", time.perf_counter() - began)
    return 0


def _score(depth: int) -> None:
    """Explain two rows by a model that has trees of this depth."""
    rows = 1 << depth
    matrix = np.zeros((rows, len(FEATURE_NAMES)))
    matrix[:, 0] = np.arange(rows)
    labels = np.arange(rows) % 2
    parameters = {
        "objective": "binary:logistic", "max_depth": depth, "min_child_weight": 0, "lambda": 0,
        "tree_method": "exact", "nthread": 1,
    }  # fmt: skip
    booster = xgboost.train(parameters, xgboost.DMatrix(matrix, labels), 1)
    rank(scorer(booster).score(matrix[:2]), MAX_REASONS)


if __name__ == "__main__":
    sys.exit(main())
