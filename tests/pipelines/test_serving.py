"""The server serves what the training step wrote: one bundle, two sides that never import each other."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from feature_groups import FEATURE_NAMES
from inference import bundle
from inference.model import Model
from pipelines.steps import booster
from pipelines.steps.dataset import read_split
from tests.pipelines.conftest import Containers


def test_the_server_scores_as_the_evaluation_does(run: Containers) -> None:
    loaded = bundle.load(run.training / "model")
    assert loaded is not None
    assert loaded.booster.feature_names == list(FEATURE_NAMES)
    model = Model(loaded)
    model.warm()
    test = read_split(run.evaluation / "processing" / "input" / "test", "test")
    frauds = np.flatnonzero(test.target)[:10]
    rows = np.concatenate([np.arange(20), frauds])
    expected = booster.scores(loaded.booster, test)[rows]
    for row, probability in zip(test.features[rows], expected, strict=True):
        scored = model.score(row.tolist())
        assert scored.probability == pytest.approx(float(probability), abs=1e-6)
        logit = float(scored.contributions.sum()) + scored.bias
        assert 1 / (1 + math.exp(-logit)) == pytest.approx(scored.probability, abs=1e-6)
    decided = pd.Series([model.decide(float(p)) for p in booster.scores(loaded.booster, test)[frauds]])
    assert (decided != "approve").any()
