"""Scores and contributions agree with xgboost and with each other."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import xgboost

from feature_groups import FEATURE_NAMES
from inference import bundle
from inference.model import Model
from inference.reasons import MAX_REASONS, top_reasons


@pytest.fixture(scope="module")
def model(bundle_dir: Path) -> Model:
    loaded = bundle.load(bundle_dir)
    assert loaded is not None
    return Model(loaded)


@pytest.fixture(scope="module")
def booster(bundle_dir: Path) -> xgboost.Booster:
    return xgboost.Booster(model_file=bundle_dir / "model.ubj")


def _rows(count: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    rng = np.random.default_rng(3)
    rows = (rng.normal(size=(count, len(FEATURE_NAMES))) * 3).astype(np.float32)
    rows[rng.random(rows.shape) < 0.3] = np.nan
    return rows


def test_contributions_and_bias_add_up_to_the_logit(model: Model) -> None:
    for row in _rows(50):
        scored = model.score(row.tolist())
        logit = float(scored.contributions.sum()) + scored.bias
        assert 1 / (1 + math.exp(-logit)) == pytest.approx(scored.probability, abs=1e-6)


def test_scores_and_reasons_are_those_of_xgboost(model: Model, booster: xgboost.Booster) -> None:
    rows = _rows(50)
    matrix = xgboost.DMatrix(rows, feature_names=list(FEATURE_NAMES))
    expected = booster.predict(matrix)
    shap = booster.predict(matrix, pred_contribs=True)[:, :-1]
    for row, probability, contributions in zip(rows, expected, shap, strict=True):
        scored = model.score(row.tolist())
        assert scored.probability == pytest.approx(float(probability), abs=1e-6)
        reasons = top_reasons(row.tolist(), scored.contributions)
        order = np.argsort(-np.abs(contributions), kind="stable")[:MAX_REASONS]
        assert [reason.feature for reason in reasons] == [FEATURE_NAMES[index] for index in order]
        assert [reason.contribution for reason in reasons] == pytest.approx(contributions[order].tolist())


def test_reasons_are_sentences_with_value_and_direction(model: Model) -> None:
    vector = [float("nan")] * len(FEATURE_NAMES)
    vector[FEATURE_NAMES.index("user_transaction_count_1h")] = 7.0
    contributions = np.zeros(len(FEATURE_NAMES), np.float32)
    contributions[FEATURE_NAMES.index("user_transaction_count_1h")] = 1.25
    contributions[FEATURE_NAMES.index("distance_from_home_km")] = -0.5
    first, second = top_reasons(vector, contributions)
    assert (first.value, first.text) == (7.0, "7 purchases in the last hour: raises the risk")
    assert (second.value, second.text) == (None, "distance from home unknown: lowers the risk")


@pytest.mark.parametrize(
    ("probability", "decision"),
    [
        (0.0, "approve"),
        (0.29, "approve"),
        (0.3, "review"),
        (0.79, "review"),
        (0.8, "decline"),
        (1, "decline"),
    ],
)
def test_thresholds_decide(model: Model, probability: float, decision: str) -> None:
    assert model.decide(probability) == decision
