"""BentoML with a service that holds one booster.

bentoml serve benchmarks.serving.baselines.bentoml_xgboost:Fraud
"""

from __future__ import annotations

import os

import bentoml
import numpy as np
import xgboost as xgb


@bentoml.service(
    workers=1, traffic={"timeout": 10}, metrics={"enabled": False}, logging={"access": {"enabled": False}}
)
class Fraud:
    """A booster."""

    def __init__(self) -> None:
        self._booster = xgb.Booster(model_file=os.environ["MODEL_FILE"])
        self._booster.set_param({"nthread": 1})

    @bentoml.api
    def predict(self, rows: list[list[float]]) -> list[float]:
        """Scores of the rows."""
        scores = self._booster.inplace_predict(np.array(rows, dtype=np.float32), validate_features=False)
        return [float(score) for score in scores]
