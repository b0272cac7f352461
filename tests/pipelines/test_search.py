"""The search stays within its bound, follows its seed, and never makes the validation window worse."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from pipelines.steps import search as module
from pipelines.steps.booster import TreeSettings, fit, scores
from pipelines.steps.dataset import Dataset
from pipelines.steps.search import search
from tests.pipelines.datasets import dataset

ASKED = TreeSettings(rounds=25, learning_rate=0.3, max_depth=4, early_stopping=10)


def test_trials_are_those_of_the_seed_best_first() -> None:
    train, validation = dataset(3000, 1), dataset(2000, 2)
    said: list[str] = []
    found = search(train, validation, ASKED, 5, 1, said.append)
    reached = [trial.average_precision for trial in found]
    assert reached == sorted(reached, reverse=True)
    assert len(found) == len(said) == 5
    assert ASKED in [trial.settings for trial in found]
    for trial in found:
        settings = trial.settings
        assert 3 <= settings.max_depth <= ASKED.max_depth
        assert (settings.rounds, settings.learning_rate, settings.seed) == (25, 0.3, ASKED.seed)
        again = scores(fit(train, validation, settings, 1), validation)
        assert average_precision_score(validation.target, again) == trial.average_precision
    assert search(train, validation, ASKED, 5, 1) == found
    other = search(train, validation, replace(ASKED, seed=8), 5, 1)
    assert {t.settings for t in other}.isdisjoint(t.settings for t in found)


def test_without_a_search_nothing_is_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "fit", None)
    (trial,) = search(dataset(50, 1), dataset(50, 2), ASKED, 1, 1)
    assert trial.settings == ASKED


def test_trials_learn_from_a_sample_in_the_order_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SAMPLE_ROWS", 700)
    rows: list[Dataset] = []

    def fit_sample(sample: Dataset, *rest: Any) -> Any:
        rows.append(sample)
        return fit(sample, *rest)

    monkeypatch.setattr(module, "fit", fit_sample)
    train = dataset(3000, 1)
    search(train, dataset(2000, 2), ASKED, 2, 1)
    for sample in rows:
        at = np.asarray(sample.keys.index)
        assert len(at) == 700
        assert (np.diff(at) > 0).all()
        assert np.array_equal(sample.features, train.features[at], equal_nan=True)
        assert np.array_equal(sample.target, train.target[at])
