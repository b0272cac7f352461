"""The policy that ships: what it decides without a model, and what it adds to one."""

from __future__ import annotations

from typing import Any

import pytest

from inference import policy
from inference.bundle import Thresholds
from inference.settings import DEFAULT_POLICY
from tests.inference.policy.facts import NAN, facts

THRESHOLDS = Thresholds(review=0.3, decline=0.8)
BUREAU: dict[str, policy.Kind] = {"bureau.risk": "number", "bureau.device_reputation": "text"}


@pytest.fixture(scope="module")
def default() -> policy.Policy:
    return policy.load(DEFAULT_POLICY)


@pytest.mark.parametrize(
    ("known", "decision", "feature"),
    [
        ({}, "approve", None),
        ({"amount": 2500.0}, "review", "amount"),
        ({"amount": 2000.0}, "approve", None),
        ({"amount": 2500.0, "currency": "JPY"}, "approve", None),
        ({"amount": 10_001.0, "currency": "USD"}, "decline", "amount"),
        ({"features": {"user_transaction_count_1h": 20.0}}, "decline", "user_transaction_count_1h"),
        ({"features": {"user_transaction_count_1h": NAN}}, "approve", None),
        ({"country": "KP"}, "review", "country"),
        ({"amount": 1500.0, "channel": "atm"}, "review", "channel"),
    ],
)
def test_without_a_model(
    default: policy.Policy, known: dict[str, Any], decision: str, feature: str | None
) -> None:
    verdict = default.decide(facts(**known), None, THRESHOLDS)
    assert (verdict.decision, verdict.decided_by) == (decision, "rules")
    assert (verdict.reasons[0].feature if verdict.reasons else None) == feature


def test_the_rule_that_decides_comes_first_and_reads_well(default: policy.Policy) -> None:
    known = facts(12_000.5, {"user_transaction_count_1h": 7.0})
    verdict = default.decide(known, None, THRESHOLDS)
    assert verdict.decision == "decline"
    assert verdict.reasons[0].text.startswith("12,000.50 EUR is above 10,000")
    assert "7 purchases in the last hour" in [reason.text for reason in verdict.reasons]
    assert verdict.rules_live == ("amount-decline", "amount-review", "velocity-review")


def test_fallback_rules_leave_a_score_alone(default: policy.Policy) -> None:
    verdict = default.decide(facts(12_000.5, {"user_transaction_count_1h": 20.0}), 0.1, THRESHOLDS)
    assert verdict == policy.Verdict("approve", "model")


def test_a_rule_that_always_applies_makes_the_model_severer(default: policy.Policy) -> None:
    verdict = default.decide(facts(country="KP"), 0.1, THRESHOLDS)
    assert (verdict.decision, verdict.decided_by) == ("review", "rules")
    agreed = default.decide(facts(country="KP"), 0.9, THRESHOLDS)
    assert (agreed.decision, agreed.decided_by) == ("decline", "model")
    assert agreed.rules_live == ("restricted-country-review",)


def test_signals_only_watch_until_a_bureau_is_configured(default: policy.Policy) -> None:
    known = facts(signals={"bureau.risk": 0.95, "bureau.device_reputation": None})
    assert default.decide(known, 0.1, THRESHOLDS) == policy.Verdict(
        "approve", "model", (), (), ("bureau-risk-review",)
    )
    configured = policy.load(DEFAULT_POLICY, BUREAU).decide(known, 0.1, THRESHOLDS)
    assert (configured.decision, configured.decided_by) == ("review", "rules")
    assert configured.reasons[0].text.startswith("the bureau rates this device and card holder at 0.95")
    assert configured.reasons[0].feature == "signal.bureau.risk"


def test_a_shadow_rule_is_reported(default: policy.Policy) -> None:
    night = facts(400, channel="atm", timestamp_ms=1_772_330_400_000)
    verdict = default.decide(night, None, None)
    assert (verdict.decision, verdict.rules_live, verdict.rules_shadow) == (
        "approve",
        (),
        ("night-cash-review",),
    )


@pytest.mark.parametrize("score", [float("nan"), -0.1, 1.5])
def test_what_is_no_probability_is_no_score(default: policy.Policy, score: float) -> None:
    assert default.decide(facts(3000), score, THRESHOLDS).decided_by == "rules"
    assert default.decide(facts(3000), score, THRESHOLDS).decision == "review"


def test_a_score_needs_thresholds(default: policy.Policy) -> None:
    with pytest.raises(ValueError, match="thresholds"):
        default.decide(facts(), 0.5, None)
