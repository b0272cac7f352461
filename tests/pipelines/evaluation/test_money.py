"""Money by hand, with the one matrix that is declared."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipelines.evaluation.money import approving_everything, by_currency, decide
from processing.costs import Cost

THRESHOLDS = {"review": 0.3, "decline": 0.8}
SCORES = np.array([0.1, 0.1, 0.5, 0.5, 0.9, 0.9])
TARGET = np.array([0, 1, 0, 1, 0, 1], np.int8)
AMOUNTS = np.array([10.0, 200.0, 10.0, 300.0, 100.0, 400.0])


def test_each_decision_costs_what_the_matrix_says() -> None:
    found = decide(SCORES, TARGET, AMOUNTS, THRESHOLDS)
    assert found.decision.tolist() == [0, 0, 1, 1, 2, 2]
    # A missed fraud costs its amount, a review a fee, a genuine customer declined a fee and a part.
    assert found.cost.tolist() == pytest.approx([0, 200, 3, 3, 5 + 0.03 * 100, 0])
    assert approving_everything(TARGET, AMOUNTS).tolist() == pytest.approx([0, 200, 0, 300, 0, 400])


def test_the_matrix_can_be_another() -> None:
    costs = {
        (decision, truth): Cost(1.0, 0.0)
        for decision in ("approve", "review", "decline")
        for truth in ("fraud", "legitimate")
    }
    assert decide(SCORES, TARGET, AMOUNTS, THRESHOLDS, costs).cost.tolist() == [1.0] * 6


def test_currencies_are_told_apart() -> None:
    found = decide(SCORES, TARGET, AMOUNTS, THRESHOLDS)
    currency = pd.Series(["EUR", "EUR", "EUR", "EUR", "JPY", "JPY"])
    euro, yen = by_currency(found, TARGET, AMOUNTS, currency)
    assert (euro["currency"], euro["transactions"]) == ("EUR", 4)
    assert (euro["fraud_amount"], euro["fraud_stopped"]) == (500.0, 300.0)
    assert euro["saved"] == pytest.approx(500 - 206)
    assert yen["saved"] == pytest.approx(400 - 8)
    assert yen["cost_of_genuine"] == pytest.approx(8)
