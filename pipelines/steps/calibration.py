"""Makes scores mean probabilities, inside the model: who scores with it need not know.

Platt scaling (Platt, 1999; Niculescu-Mizil and Caruana, ICML 2005) maps a margin z, the sum of a row's
leaves, to ``slope * z + intercept``. With all leaves times the slope, and the intercept in the base score,
the trees themselves give that margin: scores, exact contributions and the order of rows are those of one
model.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import exp, log
from typing import Any

import numpy as np
import numpy.typing as npt
import xgboost as xgb
from sklearn.linear_model import LogisticRegression

from pipelines.steps.dataset import Dataset

LEAST_OF_A_CLASS = 30
_LEAF = -1  # a leaf's child; its value stands where a split has its threshold


@dataclass(frozen=True, slots=True)
class Calibration:
    """A margin's slope, above 0, and intercept; 1 and 0 leave a model as it is."""

    slope: float = 1.0
    intercept: float = 0.0


def calibration(booster: xgb.Booster, validation: Dataset) -> Calibration:
    """The maximum-likelihood scaling of a model's margins on the validation window.

    A window with fewer than `LEAST_OF_A_CLASS` rows of a class, or on which higher margins mean fewer frauds,
    says too little: the model stays as it is.
    """
    target = validation.target
    frauds = int(target.sum())
    if min(frauds, len(target) - frauds) < LEAST_OF_A_CLASS:
        return Calibration()
    margins = booster.inplace_predict(validation.features, missing=np.nan, predict_type="margin")
    line = LogisticRegression(C=np.inf, tol=1e-8, max_iter=1000)
    line.fit(np.asarray(margins, np.float64).reshape(-1, 1), target)
    slope, intercept = float(line.coef_[0, 0]), float(line.intercept_[0])
    return Calibration(slope, intercept) if slope > 0 else Calibration()


def calibrated(booster: xgb.Booster, found: Calibration) -> xgb.Booster:
    """The model with the scaling inside: equal to it in single precision."""
    document: dict[str, Any] = json.loads(booster.save_raw("json"))
    learner = document["learner"]
    for tree in learner["gradient_booster"]["model"]["trees"]:
        leaves = np.asarray(tree["left_children"]) == _LEAF
        for name in ("split_conditions", "base_weights"):
            values: npt.NDArray[np.float32] = np.asarray(tree[name], np.float32)
            scaled = (values.astype(np.float64) * found.slope).astype(np.float32)
            # Weights of inner nodes are what a path through them has gathered so far.
            chosen = leaves if name == "split_conditions" else np.ones_like(leaves)
            tree[name] = np.where(chosen, scaled, values).astype(np.float64).tolist()
    parameters = learner["learner_model_param"]
    base = float(str(parameters["base_score"]).strip("[]"))
    margin = found.slope * log(base / (1 - base)) + found.intercept
    parameters["base_score"] = f"[{1 / (1 + exp(-margin)):.9E}]"
    return xgb.Booster(model_file=bytearray(json.dumps(document).encode()))
