"""Scores of one transaction and the exact contribution of every feature to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import xgboost

from inference.bundle import Bundle, BundleError

Decision = Literal["approve", "review", "decline"]


class ModelFailureError(Exception):
    """The model gave no usable answer for this row; the rules must decide."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A probability of fraud, and the log-odds each feature added: ``sum + bias`` is the logit."""

    probability: float
    contributions: npt.NDArray[np.float32]
    bias: float


class Model:
    """A loaded bundle, ready to score one row at a time."""

    def __init__(self, bundle: Bundle) -> None:
        self._booster = bundle.booster
        self._thresholds = bundle.thresholds
        self._width = bundle.booster.num_features()

    def warm(self) -> None:
        """Score a row of missing values, so that the first request pays for nothing.

        Raises:
            BundleError: the model cannot score even that.
        """
        try:
            self.score([float("nan")] * self._width)
        except (ModelFailureError, xgboost.core.XGBoostError) as error:
            raise BundleError(f"the model loads but does not score: {error}") from error

    def score(self, vector: Sequence[float]) -> Scored:
        """Score one vector in model order, NaN for missing values.

        Contributions are exact SHAP values (TreeSHAP, path-dependent), not xgboost's
        ``approx_contribs``, whose first reason is wrong for one row in five.

        Raises:
            ModelFailureError: a score or contribution is not finite.
        """
        row = np.asarray(vector, dtype=np.float32).reshape(1, -1)
        probability = float(self._booster.inplace_predict(row, missing=np.nan)[0])
        # The bundle's loader compared the feature names; a row of numbers has none to compare.
        shap: npt.NDArray[np.float32] = self._booster.predict(
            xgboost.DMatrix(row, missing=np.nan, nthread=1), pred_contribs=True, validate_features=False
        )[0]
        if not (0.0 <= probability <= 1.0 and np.isfinite(shap).all()):
            raise ModelFailureError("the model answered with a number that is not a probability")
        return Scored(probability, shap[:-1], float(shap[-1]))

    def decide(self, probability: float) -> Decision:
        """The decision for a probability, by the thresholds of the bundle."""
        if probability >= self._thresholds.decline:
            return "decline"
        if probability >= self._thresholds.review:
            return "review"
        return "approve"
