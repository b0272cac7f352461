"""The rules file is checked, and the severest rule wins."""

from __future__ import annotations

from pathlib import Path

import pytest

from inference import rules
from inference.settings import DEFAULT_RULES


@pytest.fixture(scope="module")
def engine() -> rules.RuleEngine:
    return rules.RuleEngine(rules.load(DEFAULT_RULES))


@pytest.mark.parametrize(
    ("facts", "decision", "feature"),
    [
        ({"amount": 20.0, "currency": "EUR"}, "approve", None),
        ({"amount": 2500.0, "currency": "EUR"}, "review", "amount"),
        ({"amount": 2500.0, "currency": "JPY"}, "approve", None),
        ({"amount": 10_001.0, "currency": "USD"}, "decline", "amount"),
        (
            {"amount": 5.0, "currency": "EUR", "user_transaction_count_1h": 20.0},
            "decline",
            "user_transaction_count_1h",
        ),
        ({"amount": 5.0, "currency": "EUR", "user_transaction_count_1h": float("nan")}, "approve", None),
        ({"amount": 5.0, "currency": "EUR", "country": "KP"}, "review", "country"),
        ({"amount": 5.0, "currency": "EUR", "country": None}, "approve", None),
        ({"amount": 1500.0, "currency": "EUR", "channel": "atm"}, "review", "channel"),
    ],
)
def test_the_default_rules(
    engine: rules.RuleEngine, facts: dict[str, float | str | None], decision: str, feature: str | None
) -> None:
    verdict = engine.decide(facts)
    assert verdict.decision == decision
    assert (verdict.reasons[0].feature if verdict.reasons else None) == feature


def test_the_rule_that_decides_comes_first_and_reads_well(engine: rules.RuleEngine) -> None:
    verdict = engine.decide({"amount": 12_000.5, "currency": "EUR", "user_transaction_count_1h": 7.0})
    assert verdict.decision == "decline"
    assert verdict.reasons[0].text.startswith("12,000.50 EUR is above 10,000")
    assert "7 purchases in the last hour" in [reason.text for reason in verdict.reasons]


RULE = '[[rule]]\nid = "a"\ndecision = "review"\nreason = "because"\nwhen = [{when}]\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "version"),
        ('version = ""\nrule = []', "version"),
        ("version = ", "rules.toml"),
        ('version = "1"\nrule = []\nextra = 1', "extra"),
        ('version = "1"\n' + RULE.replace("{when}", ""), "without conditions"),
        ('version = "1"\n' + RULE.replace("{when}", '{fact = "shoe", at_least = 1}'), "unknown fact"),
        ('version = "1"\n' + RULE.replace("{when}", '{fact = "amount"}'), "exactly one"),
        (
            'version = "1"\n' + RULE.replace("{when}", '{fact = "amount", at_least = 1, at_most = 2}'),
            "exactly one",
        ),
        ('version = "1"\n' + RULE.replace("{when}", '{fact = "amount", one_of = ["1"]}'), "a number"),
        ('version = "1"\n' + RULE.replace("{when}", '{fact = "country", at_least = 1}'), "text"),
        (
            'version = "1"\n'
            + RULE.replace("{when}", '{fact = "amount", at_least = 1}').replace("because", "in {country}"),
            "country",
        ),
        ('version = "1"\n' + 2 * RULE.replace("{when}", '{fact = "amount", at_least = 1}'), "used twice"),
        (
            'version = "1"\n'
            + RULE.replace("{when}", '{fact = "amount", at_least = 1}').replace("review", "approve"),
            "approve",
        ),
    ],
)
def test_a_bad_file_is_refused_with_the_reason(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(text)
    with pytest.raises(rules.RulesError, match=message):
        rules.load(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(rules.RulesError, match="No such file"):
        rules.load(tmp_path / "absent.toml")
