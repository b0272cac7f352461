"""Weighted figures against scikit-learn and against rows that are really repeated."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from pipelines.evaluation import statistics
from pipelines.evaluation.resampling import Cards, interval, p_value, resample
from pipelines.evaluation.statistics import CURVES, Calls, Curves, Sum
from pipelines.steps.metrics import FALSE_POSITIVE_RATES, card_precision, recall_at

ROWS = 400


def window(seed: int, distinct: int = 40) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """Scores with many ties, target, keys of 30 cards over four days."""
    random = np.random.default_rng(seed)
    target = (random.random(ROWS) < 0.15).astype(np.int8)
    scores = np.round((random.random(ROWS) + 0.4 * target) * distinct) / distinct / 1.4
    keys = pd.DataFrame(
        {
            "user_id": [f"u{user:02d}" for user in random.integers(0, 30, ROWS)],
            "timestamp": pd.Timestamp("2026-03-01T00:00Z")
            + pd.to_timedelta(np.sort(random.integers(0, 4 * 86_400, ROWS)), unit="s"),
        }
    )
    return scores, target, keys


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), distinct=st.sampled_from([3, 40, 100_000]))
def test_curves_are_those_of_scikit_learn_with_weights(seed: int, distinct: int) -> None:
    scores, target, keys = window(seed, distinct)
    cards = Cards.of(keys["user_id"])
    weights = np.random.default_rng(seed).integers(0, 4, cards.number).astype(float)
    found = dict(zip(CURVES, Curves(scores, target, cards).of(weights), strict=True))
    of_row = weights[cards.of_row]
    assert found["average_precision"] == pytest.approx(
        average_precision_score(target, scores, sample_weight=of_row)
    )
    assert found["auc"] == pytest.approx(roc_auc_score(target, scores, sample_weight=of_row))
    repeated = np.repeat(np.arange(ROWS), of_row.astype(int))
    for name, rate in FALSE_POSITIVE_RATES.items():
        expected = recall_at(scores[repeated], target[repeated], rate)
        assert found[f"recall_at_fpr_{name}"] == pytest.approx(expected), name


@pytest.mark.parametrize("looked_at", [2, 1_000])
@pytest.mark.parametrize("calls", [1, 5, 100])
@pytest.mark.parametrize("seed", range(5))
def test_a_card_drawn_twice_is_two_cards(
    seed: int, calls: int, looked_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statistics, "_LOOKED_AT", looked_at)
    scores, target, keys = window(seed, 100_000)
    cards = Cards.of(keys["user_id"])
    statistic = Calls(scores, target, keys, cards, calls)
    assert statistic.of(cards.once())[0] == pytest.approx(card_precision(scores, target, keys, calls))
    weights = np.random.default_rng(seed).integers(0, 3, cards.number)
    copies = [(np.flatnonzero(weights[cards.of_row] > copy), copy) for copy in range(int(weights.max()))]
    rows = np.concatenate([chosen for chosen, _ in copies])
    repeated = keys.iloc[rows].assign(
        user_id=np.concatenate(
            [[f"{keys['user_id'].iloc[row]}/{copy}" for row in chosen] for chosen, copy in copies]
        )
    )
    days = keys["timestamp"].dt.floor("D")
    assert set(days.iloc[rows]) == set(days), "a day without a drawn card would divide by fewer days"
    expected = card_precision(scores[rows], target[rows], repeated, calls)
    assert statistic.of(weights.astype(float))[0] == pytest.approx(expected)


def test_one_class_alone_has_no_figure() -> None:
    cards = Cards.of(pd.Series(["a", "b"]))
    curves = Curves(np.array([0.9, 0.1]), np.array([1, 0], np.int8), cards)
    assert np.isnan(curves.of(np.array([2.0, 0.0]))).all()
    assert not np.isnan(curves.of(cards.once())).any()


def test_resamples_are_of_whole_cards_and_the_same_for_all() -> None:
    cards = Cards.of(pd.Series(["a", "a", "b", "c", "c", "c"]))
    rows, again, twice = (Sum(np.full(6, value), cards) for value in (1.0, 1.0, 2.0))
    one, two, double = resample(cards, [rows, again, twice], resamples=200, seed=1)
    assert (one == two).all()
    assert (double == 2 * one).all()
    assert set(np.unique(one)) <= {float(2 * a + b + 3 * (3 - a - b)) for a in range(4) for b in range(4 - a)}
    assert (resample(cards, [rows], 200, seed=1)[0] == one).all()
    assert (resample(cards, [rows], 200, seed=2)[0] != one).any()


def test_the_interval_covers_as_often_as_it_says() -> None:
    """Cards whose transactions are alike: rows drawn by themselves would promise far too much."""
    random = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        effect = random.normal(size=60)
        names = pd.Series(np.repeat(np.arange(60), 20).astype(str))
        values = np.repeat(effect, 20) + random.normal(scale=0.3, size=1_200)
        cards = Cards.of(names)
        [samples] = resample(cards, [Sum(values / 1_200, cards)], resamples=300, seed=5)
        low, high = interval(samples[:, 0]) or (1.0, -1.0)
        covered += low <= 0 <= high
    assert 0.89 <= covered / 200 <= 0.99


def test_p_value_by_hand() -> None:
    assert p_value(np.array([1.0] * 99)) == pytest.approx(2 / 100)
    assert p_value(np.array([1.0, -1.0] * 50)) == pytest.approx(1.0, abs=0.02)
    assert p_value(np.array([np.nan])) is None
    assert interval(np.array([np.nan, np.nan, 1.0])) is None
