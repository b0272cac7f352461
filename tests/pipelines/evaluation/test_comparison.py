"""Better, worse, or not shown; the gate; what is told of a champion that cannot be compared."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from feature_groups import FEATURE_NAMES
from pipelines.evaluation.champion import Champion
from pipelines.evaluation.comparison import disagreement, judged, only_one_caught
from pipelines.evaluation.gate import Limits, judge
from pipelines.evaluation.model import Model
from pipelines.evaluation.money import decide
from pipelines.evaluation.production import not_compared
from pipelines.evaluation.summary import summary


@pytest.mark.parametrize(
    ("difference", "low", "high", "verdict"),
    [
        (-0.05, -0.08, -0.02, "worse"),
        (-0.05, -0.12, 0.02, "no difference shown"),  # may be chance
        (-0.004, -0.006, -0.002, "no difference shown"),  # certain, but within the tolerance
        (0.05, 0.02, 0.08, "better"),
        (0.05, -0.02, 0.08, "no difference shown"),
        (-0.05, None, None, "no difference shown"),
    ],
)
def test_the_verdict(difference: float, low: float | None, high: float | None, verdict: str) -> None:
    assert judged({"difference": difference, "low": low, "high": high}, 0.005) == verdict


def evaluation(**changes: Any) -> dict[str, Any]:
    return {
        "binary_classification_metrics": {"auc": {"value": 0.95}},
        "fraud_metrics": {"average_precision": 0.6},
        "quality": {"critical": 0, "summary": {"reason": "nothing critical"}},
        "comparison": {"verdict": "better", "text": "better than version 3"},
        "serving": {"p95_ms": 2.0},
        **changes,
    }


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "every criterion is met"),
        ({"fraud_metrics": {"average_precision": 0.2}}, "average precision 0.2000 (minimum 0.25)"),
        ({"quality": {"critical": 1, "summary": {"reason": "importances: one"}}}, "importances: one"),
        ({"comparison": {"verdict": "worse", "text": "0.5 against 0.6"}}, "0.5 against 0.6"),
        ({"serving": {"p95_ms": 31.0}}, "31.0 ms at the 95th percentile (at most 25)"),
    ],
)
def test_each_criterion_refuses_by_itself(changes: dict[str, Any], said: str) -> None:
    found = judge(evaluation(**changes), Limits(0.85, 0.25, 0.005, 25.0))
    assert found["failed"] == len([one for one in found["criteria"] if not one["met"]]) == bool(changes)
    assert said in found["summary"]["reason"]


TEST_START = "2026-02-15T02:00:00.000Z"


def champion(names: list[str]) -> Champion:
    bundle = {
        "feature_names": names,
        "thresholds": {"review": 0.2, "decline": 0.8},
        "training_window": {"start": "2026-01-01T02:00:00.000Z", "end": "2026-02-08T02:00:00.000Z"},
        "validation_window": {"start": "2026-02-08T02:00:00.000Z", "end": TEST_START},
    }
    return Champion("arn", 3, {}, Model(None, bundle))


def test_a_champion_of_other_features_is_not_compared_and_it_is_said_why() -> None:
    names = list(FEATURE_NAMES)
    assert champion(names).why_not_comparable(TEST_START) == ""
    other = champion([*names[1:], "moon_phase"])
    said = not_compared(other, TEST_START)
    assert said["verdict"] == "not compared"
    assert f"trained on other features (without {names[0]}; with moon_phase)" in said["text"]
    assert "the fixed criteria decide alone" in said["text"]
    assert "in another order" in champion(names[::-1]).why_not_comparable(TEST_START)
    assert not_compared(None, TEST_START)["champion"] is None


def test_a_champion_that_has_seen_the_window_is_not_compared() -> None:
    """As when a missed night is caught up after a later one was approved."""
    later = champion(list(FEATURE_NAMES))
    said = not_compared(later, "2026-02-14T02:00:00.000Z")
    assert said["verdict"] == "not compared"
    assert f"learnt from transactions up to {TEST_START}" in said["text"]


def test_where_two_models_disagree() -> None:
    target = np.array([1, 1, 0, 0], np.int8)
    amounts = np.array([100.0, 50.0, 10.0, 20.0])
    limits = {"review": 0.3, "decline": 0.8}
    ours = decide(np.array([0.9, 0.1, 0.1, 0.5]), target, amounts, limits)
    theirs = decide(np.array([0.1, 0.1, 0.1, 0.1]), target, amounts, limits)
    found = disagreement(ours, theirs, target, amounts)
    assert [(one["challenger"], one["champion"], one["frauds"]) for one in found] == [
        ("decline", "approve", 1),
        ("review", "approve", 0),
    ]
    assert found[0]["fraud_amount"] == 100.0
    assert disagreement(ours, ours, target, amounts) == []


def test_frauds_that_only_one_finds_at_the_same_price() -> None:
    random = np.random.default_rng(0)
    target = np.r_[np.ones(4), np.zeros(400)].astype(np.int8)
    genuine = random.random(400) * 0.5
    ours = np.r_[0.9, 0.9, 0.0, 0.0, genuine]
    theirs = np.r_[0.9, 0.0, 0.9, 0.0, genuine]
    found = only_one_caught(ours, theirs, target)
    assert found == {"both": 1, "challenger_only": 1, "champion_only": 1, "neither": 1}


def test_what_the_registry_is_told_is_what_it_takes() -> None:
    """Customer metadata: letters, digits, spaces and ``_.:/=+-@``, at most 256 characters."""
    splits = {
        name: {"rows": 9, "frauds": 1, "start": "2026-03-01T00:00:00.000Z", "end": "z"}
        for name in ("train", "test")
    }
    one = {"difference": -0.1, "low": -0.2, "high": 0.1}
    report = evaluation(
        fraud_metrics={
            "average_precision": 0.6, "card_precision": {"value": 0.3},
            "recall_at_false_positive_rate": {"1pct": 0.5},
        },
        dataset={"as_of": "2026-03-01T00:00:00.000Z", "splits": splits},
        money=[{"saved": -12.5, "currency": "EUR"}],
        comparison={
            "verdict": "no difference shown", "champion": {"version": 3},
            "differences": {"average_precision": one},
        },
    )  # fmt: skip
    found = summary(report)
    assert found["champion_version"] == "3"
    assert (
        found["against_champion"] == "-0.1000 average precision from -0.2000 to +0.1000 - no difference shown"
    )
    for value in found.values():
        assert len(value) <= 256
        assert all(letter.isalnum() or letter in " _.:/=+-@" for letter in value), value
