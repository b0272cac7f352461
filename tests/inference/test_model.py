"""Scores and contributions agree with xgboost and with each other."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import xgboost

from feature_groups import FEATURE_NAMES
from inference import bundle
from inference.reasons import MAX_REASONS, top_reasons
from inference.scoring.explainer import strongest
from inference.scoring.model import Model


@pytest.fixture(scope="module")
def model(bundle_dir: Path) -> Model:
    loaded = bundle.load(bundle_dir)
    assert loaded is not None
    return Model(loaded, None)


@pytest.fixture(scope="module")
def booster(bundle_dir: Path) -> xgboost.Booster:
    return xgboost.Booster(model_file=bundle_dir / "model.ubj")


def _rows(count: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    rng = np.random.default_rng(3)
    rows = (rng.normal(size=(count, len(FEATURE_NAMES))) * 3).astype(np.float32)
    rows[rng.random(rows.shape) < 0.3] = np.nan
    return rows


def test_contributions_and_bias_add_up_to_the_logit(model: Model) -> None:
    scores = model.score(_rows(50).astype(np.float64))
    for probability, contributions in zip(scores.probabilities, scores.contributions, strict=True):
        logit = float(contributions.sum()) + scores.bias
        assert 1 / (1 + math.exp(-logit)) == pytest.approx(float(probability), abs=1e-6)


def test_scores_and_reasons_are_those_of_xgboost(model: Model, booster: xgboost.Booster) -> None:
    rows = _rows(50)
    matrix = xgboost.DMatrix(rows, feature_names=list(FEATURE_NAMES))
    shap = booster.predict(matrix, pred_contribs=True)[:, :-1]
    scores = model.score(rows.astype(np.float64))
    assert scores.probabilities == pytest.approx(booster.predict(matrix), abs=1e-6)
    found = np.empty((len(rows), MAX_REASONS), np.int64)
    strongest(scores.contributions, MAX_REASONS, found)
    for row, contributions, ours, order in zip(rows, shap, scores.contributions, found, strict=True):
        expected = np.argsort(-np.abs(contributions), kind="stable")[:MAX_REASONS]
        assert order.tolist() == expected.tolist()
        total = float(np.abs(ours).sum())
        reasons = top_reasons(row.tolist(), order.tolist(), ours[order].tolist(), total)
        assert [reason.feature for reason in reasons] == [FEATURE_NAMES[index] for index in expected]
        assert [r.contribution for r in reasons] == pytest.approx(contributions[expected].tolist(), abs=1e-6)
        assert [r.share for r in reasons] == pytest.approx(np.abs(ours)[order] / total, abs=1e-4)


def test_reasons_are_sentences_with_value_and_direction(model: Model) -> None:
    vector = [float("nan")] * len(FEATURE_NAMES)
    vector[FEATURE_NAMES.index("user_transaction_count_1h")] = 7.0
    contributions = np.zeros(len(FEATURE_NAMES), np.float32)
    contributions[FEATURE_NAMES.index("user_transaction_count_1h")] = 1.25
    contributions[FEATURE_NAMES.index("distance_from_home_km")] = -0.5
    strong = [FEATURE_NAMES.index("user_transaction_count_1h"), FEATURE_NAMES.index("distance_from_home_km")]
    first, second = top_reasons(vector, strong, contributions[strong].tolist(), 1.75)
    assert (first.value, first.text) == (7.0, "7 purchases in the last hour: raises the risk")
    assert (first.direction, first.share) == ("raises", 0.7143)
    assert (second.value, second.text) == (None, "distance from home unknown: lowers the risk")
    assert (second.direction, second.contribution) == ("lowers", -0.5)


@pytest.mark.parametrize(
    ("in_30d", "said"),
    [
        (144.0, "7 purchases in the last hour; this card's usual is 0.2: raises the risk"),
        (30.0, "7 purchases in the last hour; this card's usual is almost none: raises the risk"),
        (7.0, "7 purchases in the last hour: raises the risk"),  # there is nothing else to compare with
    ],
)
def test_a_count_is_held_against_what_is_usual(in_30d: float, said: str) -> None:
    vector = [float("nan")] * len(FEATURE_NAMES)
    hour, month = (FEATURE_NAMES.index(f"user_transaction_count_{window}") for window in ("1h", "30d"))
    vector[hour], vector[month] = 7.0, in_30d
    contributions = [0.0] * len(FEATURE_NAMES)
    contributions[hour] = 1.0
    assert [
        reason.text for reason in top_reasons(vector, [hour, month], [contributions[hour], 0.0], 1.0)
    ] == [said]
