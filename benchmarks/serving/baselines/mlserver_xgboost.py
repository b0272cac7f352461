"""MLServer with a runtime that holds one booster; the request is of its V2 protocol.

Its own XGBoost runtime wraps the scikit-learn interface; the booster is what that calls in the end.
"""

from __future__ import annotations

import os

import numpy as np
import xgboost as xgb
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse


class Fraud(MLModel):
    """A booster."""

    async def load(self) -> bool:
        """Load it once."""
        self._booster = xgb.Booster(model_file=os.environ["MODEL_FILE"])
        self._booster.set_param({"nthread": 1})
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Scores of the rows."""
        rows = NumpyCodec.decode_input(payload.inputs[0]).astype(np.float32)
        scores = self._booster.inplace_predict(rows, validate_features=False)
        output = NumpyCodec.encode_output("score", scores)
        return InferenceResponse(model_name=self.name, outputs=[output])
