"""A trained model: what the checks of the model layer look at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np


class Trained(NamedTuple):
    """A model on the test window.

    Attributes:
        scores: [rows] probabilities of fraud.
        auc: on the test window.
        importances: share of the total gain by feature, those that are used.
        thresholds: ``review`` and ``decline``.
    """

    scores: np.ndarray[tuple[int], np.dtype[np.float64]]
    auc: float
    importances: Mapping[str, float]
    thresholds: Mapping[str, Any]
