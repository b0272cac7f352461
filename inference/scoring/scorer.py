"""Scores and exact contributions of rows: by the kernel, or by xgboost where the kernel does not fit."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import xgboost

from inference.scoring.trees import UnsupportedModelError, forest
from processing.windows.compiled import NUMBA

Matrix = npt.NDArray[np.float64]
_MOST = np.float32(88.7)
"""Where xgboost cuts log-odds, so that their exponential is a 32-bit float."""

log = logging.getLogger("inference")


@dataclass(frozen=True, slots=True)
class Scores:
    """What a model says of rows.

    Attributes:
        probabilities: [rows].
        contributions: log-odds that each feature added, [rows, features]: with `bias` a row of them adds up
            to the row's log-odds.
        bias: log-odds of a transaction of which nothing is known.
    """

    probabilities: npt.NDArray[np.float32]
    contributions: npt.NDArray[np.float32]
    bias: float


class Scorer(Protocol):
    """A model that scores and explains. May be shared by threads."""

    @property
    def kind(self) -> str:
        """``kernel`` or ``xgboost``."""
        ...

    def score(self, matrix: Matrix) -> Scores:
        """Score rows of features in model order, NaN where missing."""
        ...


class KernelScorer:
    """Ours; see `inference.scoring.contributions`.

    Raises:
        UnsupportedModelError: the kernel cannot explain this model exactly.
    """

    kind = "kernel"

    def __init__(self, booster: xgboost.Booster) -> None:
        from inference.scoring.explainer import explainer
        from inference.scoring.layout import layout

        self._layout = layout(forest(booster))
        self._explain = explainer(self._layout.points)

    def score(self, matrix: Matrix) -> Scores:
        margins = np.empty(len(matrix), np.float32)
        contributions = np.empty((len(matrix), self._layout.features), np.float32)
        layout = self._layout
        self._explain(
            layout.contributing,
            layout.scoring,
            layout.slots,
            layout.base_margin,
            np.ascontiguousarray(matrix),
            margins,
            contributions,
        )
        return Scores(_probability(margins), contributions, layout.bias)


class BoosterScorer:
    """xgboost's own exact contributions, about a hundred times slower."""

    kind = "xgboost"

    def __init__(self, booster: xgboost.Booster) -> None:
        self._booster = booster

    def score(self, matrix: Matrix) -> Scores:
        rows = matrix.astype(np.float32)
        probabilities: npt.NDArray[np.float32] = self._booster.inplace_predict(rows, missing=np.nan)
        # The bundle's loader compared the feature names; a row of numbers has none to compare.
        shap: npt.NDArray[np.float32] = self._booster.predict(
            xgboost.DMatrix(rows, missing=np.nan, nthread=1), pred_contribs=True, validate_features=False
        )
        return Scores(probabilities, shap[:, :-1], float(shap[0, -1]) if len(shap) else 0.0)


def scorer(booster: xgboost.Booster) -> Scorer:
    """The fastest exact scorer for a model."""
    if not NUMBA:
        log.warning("numba is absent or off: xgboost explains, slowly")
        return BoosterScorer(booster)
    try:
        return KernelScorer(booster)
    except UnsupportedModelError as error:
        log.warning("xgboost explains this model, slowly: the kernel does not take it: %s", error)
        return BoosterScorer(booster)


def _probability(margins: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    one = np.float32(1)
    result: npt.NDArray[np.float32] = one / (np.exp(np.minimum(-margins, _MOST)) + one)
    return result
