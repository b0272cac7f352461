"""Metrics on cases small enough to count by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipelines.steps.metrics import binary_classification_metrics, card_precision, decisions, recall_at

SCORES = np.array([0.1, 0.2, 0.3, 0.6, 0.8, 0.9])
TARGET = np.array([0, 0, 1, 0, 1, 1], dtype=np.int8)


def test_the_layout_of_a_model_quality_report() -> None:
    found = binary_classification_metrics(SCORES, TARGET, threshold=0.5)
    assert found["confusion_matrix"] == {"0": {"0": 2, "1": 1}, "1": {"0": 1, "1": 2}}
    assert found["precision"]["value"] == pytest.approx(2 / 3)
    assert found["recall"]["value"] == pytest.approx(2 / 3)
    assert found["false_positive_rate"]["value"] == pytest.approx(1 / 3)
    assert found["auc"] == {"value": pytest.approx(8 / 9), "standard_deviation": "NaN"}
    curve = found["receiver_operating_characteristic_curve"]
    assert (curve["false_positive_rates"][0], curve["true_positive_rates"][-1]) == (0.0, 1.0)


@pytest.mark.parametrize(("rate", "recall"), [(0.0, 2 / 3), (0.33, 2 / 3), (0.34, 1.0), (1.0, 1.0)])
def test_recall_at_a_false_positive_rate(rate: float, recall: float) -> None:
    assert recall_at(SCORES, TARGET, rate) == pytest.approx(recall)


def test_a_card_found_out_is_not_called_again() -> None:
    keys = pd.DataFrame(
        {
            "user_id": ["a", "b", "c", "a", "b", "c"],
            "timestamp": pd.to_datetime(["2026-03-01T10:00Z"] * 3 + ["2026-03-02T10:00Z"] * 3),
        }
    )
    # Day 1 calls a (fraud). Day 2 calls b (genuine): a scores higher but is blocked.
    scores = np.array([0.9, 0.5, 0.1, 0.9, 0.8, 0.2])
    target = np.array([1, 0, 0, 1, 0, 1], dtype=np.int8)
    assert card_precision(scores, target, keys, cards=1) == pytest.approx(0.5)
    assert card_precision(scores, target, keys, cards=2) == pytest.approx((0.5 + 0.5) / 2)


def test_every_transaction_gets_one_decision() -> None:
    found = decisions(SCORES, TARGET, review=0.3, decline=0.8)
    assert found == {
        "approve": {"transactions": 2, "frauds": 0},
        "review": {"transactions": 2, "frauds": 1},
        "decline": {"transactions": 2, "frauds": 2},
    }
