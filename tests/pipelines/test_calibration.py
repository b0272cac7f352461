"""Calibrated trees: the scaling is exact, keeps the order, and makes scores mean what happens."""

from __future__ import annotations

import numpy as np
import pytest
import xgboost as xgb
from scipy.optimize import minimize
from sklearn.metrics import log_loss

from pipelines.steps.booster import TreeSettings, fit, scores
from pipelines.steps.calibration import Calibration, calibrated, calibration
from pipelines.steps.dataset import Dataset
from tests.pipelines.datasets import dataset

# Frauds that weigh more than they are make scores too high: what there is to mend.
SETTINGS = TreeSettings(rounds=40, learning_rate=0.2, max_depth=4, imbalance=0.7)


@pytest.fixture(scope="module")
def validation() -> Dataset:
    return dataset(6000, 2)


@pytest.fixture(scope="module")
def booster(validation: Dataset) -> xgb.Booster:
    return fit(dataset(8000, 1), validation, SETTINGS, 1)


def margins(booster: xgb.Booster, rows: Dataset) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    found = booster.inplace_predict(rows.features, missing=np.nan, predict_type="margin")
    return np.asarray(found, np.float64)


def test_the_trees_give_the_scaled_margins_and_contributions(
    booster: xgb.Booster, validation: Dataset
) -> None:
    found = Calibration(slope=0.7, intercept=-1.25)
    scaled = calibrated(booster, found)
    expected = found.slope * margins(booster, validation) + found.intercept
    assert np.abs(margins(scaled, validation) - expected).max() < 1e-5
    matrix = xgb.DMatrix(validation.features[:50], missing=np.nan, feature_names=scaled.feature_names)
    before, after = (model.predict(matrix, pred_contribs=True) for model in (booster, scaled))
    assert np.abs(after[:, :-1] - found.slope * before[:, :-1]).max() < 1e-5
    assert np.abs(after[:, -1] - found.slope * before[:, -1] - found.intercept).max() < 1e-5
    saved = xgb.Booster(model_file=scaled.save_raw("ubj"))
    assert np.array_equal(margins(saved, validation), margins(scaled, validation))
    assert saved.feature_names == booster.feature_names


def test_no_other_line_fits_better(booster: xgb.Booster, validation: Dataset) -> None:
    found = calibration(booster, validation)
    z = margins(booster, validation)

    def loss(line: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
        return float(log_loss(validation.target, 1 / (1 + np.exp(-(line[0] * z + line[1])))))

    best = minimize(loss, (1.0, 0.0), method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-12})
    assert loss(np.array([found.slope, found.intercept])) <= best.fun + 1e-9
    mended = scores(calibrated(booster, found), validation)
    assert mended.mean() == pytest.approx(validation.target.mean(), rel=1e-3)
    assert scores(booster, validation).mean() > 1.5 * validation.target.mean()
    fresh = dataset(6000, 3)
    assert log_loss(fresh.target, scores(calibrated(booster, found), fresh)) < log_loss(
        fresh.target, scores(booster, fresh)
    )


def test_a_window_that_says_too_little_leaves_the_model(booster: xgb.Booster, validation: Dataset) -> None:
    few = validation.target.copy()
    few[np.flatnonzero(few)[29:]] = 0
    assert calibration(booster, validation._replace(target=few)) == Calibration()
    opposite = (1 - validation.target).astype(np.int8)
    assert calibration(booster, validation._replace(target=opposite)) == Calibration()
    same = calibrated(booster, Calibration())
    assert np.array_equal(margins(same, validation), margins(booster, validation))
