"""What SageMaker's XGBoost container does for a request in script mode, without the nginx before it.

That container runs Flask under gunicorn with gevent workers, decodes the body to a DMatrix, and encodes what
`predict` says. `REASONS=1` adds `pred_contribs`, as the documented way to explain with it does.

    gunicorn --worker-class gevent --workers 1 benchmarks.serving.baselines.sagemaker_xgboost:app
"""

from __future__ import annotations

import json
import os

import numpy as np
import xgboost as xgb
from flask import Flask, Response, request

_REASONS = os.environ.get("REASONS") == "1"
_booster = xgb.Booster(model_file=os.environ["MODEL_FILE"])
_booster.set_param({"nthread": 1})
app = Flask(__name__)


@app.get("/ping")
def ping() -> Response:
    """Healthy."""
    return Response("", 200)


@app.post("/invocations")
def invocations() -> Response:
    """A row of CSV to a score, and its contributions when they are wanted."""
    text = request.get_data().decode("utf-8")
    rows = np.array([line.split(",") for line in text.strip().splitlines()], dtype=np.float32)
    matrix = xgb.DMatrix(rows, missing=np.nan, nthread=1)
    scores = _booster.predict(matrix, validate_features=False)
    if not _REASONS:
        return Response(",".join(map(str, scores.tolist())), 200, mimetype="text/csv")
    contributions = _booster.predict(matrix, pred_contribs=True, validate_features=False)
    body = {"predictions": scores.tolist(), "contributions": contributions.tolist()}
    return Response(json.dumps(body), 200, mimetype="application/json")
