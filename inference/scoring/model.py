"""A loaded bundle that scores, explains and decides by its thresholds."""

from __future__ import annotations

from copy import copy

import numpy as np
import xgboost

from inference.bundle import Bundle, BundleError, Thresholds
from inference.reasons import MAX_REASONS
from inference.scoring.ranking import rank
from inference.scoring.scorer import Matrix, Scores, scorer


class ModelFailureError(Exception):
    """The model gave no usable answer for a row; the rules must decide."""


class Model:
    """A model ready to score.

    Args:
        version: what answers call it.
    """

    def __init__(self, bundle: Bundle, version: str | None) -> None:
        self._scorer = scorer(bundle.booster)
        self._width = bundle.booster.num_features()
        self.thresholds: Thresholds = bundle.thresholds
        self.version = version

    def called(self, version: str | None) -> Model:
        """The same model by another name."""
        other = copy(self)
        other.version = version
        return other

    @property
    def scored_by(self) -> str:
        """``kernel``, or ``xgboost`` where the kernel does not take the model."""
        return self._scorer.kind

    def warm(self) -> None:
        """Score rows of missing values, so that the first request pays for nothing.

        Raises:
            BundleError: the model cannot score even that.
        """
        try:
            scores = self.score(np.full((2, self._width), np.nan))
        except xgboost.core.XGBoostError as error:
            raise BundleError(f"the model loads but does not score: {error}") from error
        if not all(rank(scores, MAX_REASONS).usable):
            raise BundleError("the model loads but answers with numbers that are no probabilities")

    def score(self, matrix: Matrix) -> Scores:
        """Score rows in model order, NaN for missing values.

        Contributions are exact SHAP values (TreeSHAP, path-dependent), not xgboost's
        ``approx_contribs``, whose first reason is wrong for one row in five.
        """
        return self._scorer.score(matrix)
