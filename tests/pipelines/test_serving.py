"""The server serves what the training step wrote: one bundle, two sides that never import each other."""

from __future__ import annotations

import math

import numpy as np
import pytest

from feature_groups import FEATURE_NAMES
from inference import bundle
from inference.scoring.model import Model
from pipelines.steps import booster
from pipelines.steps.dataset import read_split
from tests.pipelines.conftest import Containers


def test_the_server_scores_as_the_evaluation_does(run: Containers) -> None:
    loaded = bundle.load(run.training / "model")
    assert loaded is not None
    assert loaded.booster.feature_names == list(FEATURE_NAMES)
    model = Model(loaded, None)
    model.warm()
    test = read_split(run.evaluation / "processing" / "input" / "test", "test")
    frauds = np.flatnonzero(test.target)[:10]
    rows = np.concatenate([np.arange(20), frauds])
    expected = booster.scores(loaded.booster, test)[rows]
    scores = model.score(test.features[rows].astype(np.float64))
    assert scores.probabilities == pytest.approx(expected, abs=1e-6)
    for probability, contributions in zip(scores.probabilities, scores.contributions, strict=True):
        logit = float(contributions.sum()) + scores.bias
        assert 1 / (1 + math.exp(-logit)) == pytest.approx(float(probability), abs=1e-6)
    assert (booster.scores(loaded.booster, test)[frauds] >= model.thresholds.review).any()
