"""Segments cover every row once a group, and small countries are one."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from feature_groups import FEATURE_NAMES
from pipelines.evaluation.calibration import calibration_figures
from pipelines.evaluation.segments import segments
from pipelines.steps.accounts import account_created_at
from pipelines.steps.dataset import Dataset

ROWS = 1_000
NOW = pd.Timestamp("2026-03-01T00:00Z")


@pytest.fixture
def test_set() -> Dataset:
    random = np.random.default_rng(1)
    features = random.random((ROWS, len(FEATURE_NAMES))).astype(np.float32)
    features[:, FEATURE_NAMES.index("foreign_country")] = random.choice([0, 1, np.nan], ROWS)
    features[:300, FEATURE_NAMES.index("seconds_since_last_transaction")] = np.nan
    countries = np.array(
        ["BE"] * 600 + ["NL"] * 300 + [f"X{n}" for n in range(50)] + [None] * 50, dtype=object
    )
    keys = pd.DataFrame(
        {
            "timestamp": NOW,
            "country": countries,
            "account_created_at": pd.Series(
                [NOW - pd.Timedelta(days=3)] * 10 + [NOW - pd.Timedelta(days=300)] * 90 + [pd.NaT] * 900
            ),
        }
    )
    return Dataset(features, (random.random(ROWS) < 0.3).astype(np.int8), keys)


def test_every_group_covers_every_row_once(test_set: Dataset) -> None:
    scores = np.random.default_rng(2).random(ROWS)
    found = segments(scores, test_set, 0.5, scores[::-1])
    rows: Counter[str] = Counter()
    for one in found:
        rows[one["group"]] += one["rows"]
    assert dict(rows) == dict.fromkeys(("amount", "country", "place", "user", "account"), ROWS)
    by_name = {one["segment"]: one for one in found}
    countries = {name: one["rows"] for name, one in by_name.items() if one["group"] == "country"}
    assert countries == {"in BE": 600, "in NL": 300, "in another country": 50, "country unknown": 50}
    assert by_name["first transaction in 90 days"]["rows"] == 300
    assert by_name["account younger than 30 days"]["rows"] == 10
    assert by_name["older account"]["rows"] == 90
    assert by_name["in BE"]["production_average_precision"] != by_name["in BE"]["average_precision"]
    assert by_name["in BE"]["stopped"] == pytest.approx(float((scores[:600] >= 0.5).mean()))


def test_the_newest_profile_says_when_an_account_was_opened() -> None:
    profiles = pd.DataFrame(
        {
            "user_id": ["a", "a", "b"],
            "account_created_at": ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00.000Z", "soon"],
        }
    )
    found = account_created_at(pd.Series(["a", "b", "c", "a"], index=[5, 6, 7, 8]), profiles)
    assert found.index.tolist() == [5, 6, 7, 8]
    assert found.iloc[0] == found.iloc[3] == pd.Timestamp("2026-01-02T00:00Z")
    assert found.iloc[1:3].isna().all()
    assert account_created_at(pd.Series(["a"]), profiles.iloc[:0]).isna().all()


def test_calibration_of_scores_that_are_probabilities_and_of_others() -> None:
    random = np.random.default_rng(3)
    scores = random.random(50_000)
    target = (random.random(50_000) < scores).astype(np.int8)
    good, bad = calibration_figures(scores, target), calibration_figures(scores**3, target)
    assert good["expected_calibration_error"] < 0.01 < 0.1 < bad["expected_calibration_error"]
    assert good["log_loss"] < bad["log_loss"]
    assert good["brier_score"] == pytest.approx(float(np.mean((scores - target) ** 2)))
    # By hand: one bin a row, each off by its own distance.
    two = calibration_figures(np.array([0.25, 0.75]), np.array([0, 1], np.int8))
    assert two["expected_calibration_error"] == pytest.approx(0.25)
