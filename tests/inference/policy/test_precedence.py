"""Deny before allow before the severest of model and rules: against an oracle on generated policies."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feature_groups import FEATURE_NAMES
from inference import policy
from inference.bundle import Thresholds
from inference.policy import Facts
from tests.inference.policy.facts import facts

_LIST = ["u-1", "FR", "phone"]
_THRESHOLDS = Thresholds(review=0.3, decline=0.8)
_COUNT = "user_transaction_count_1h"
_TEXTS = {"country": ["FR", "DE", "KP"], "device": ["phone", "tv"], "channel": ["online", "atm"]}
_NUMBERS = st.sampled_from([0.0, 1.0, 2.5, 19.99, 20.0, 20.005, 500.0])

_number_tests = st.builds(
    lambda fact, test, limit: {"fact": fact, test: limit},
    st.sampled_from(["amount", _COUNT, "hour_of_day", "signal.bureau.risk"]),
    st.sampled_from(["at_least", "at_most", "above", "below"]),
    _NUMBERS,
)
_set_tests = st.sampled_from(sorted(_TEXTS)).flatmap(
    lambda fact: st.builds(
        lambda test, values: {"fact": fact, test: values},
        st.sampled_from(["one_of", "none_of"]),
        st.lists(st.sampled_from(_TEXTS[fact]), min_size=1, max_size=2),
    )
)
_list_tests = st.builds(
    lambda fact, test: {"fact": fact, test: "known"},
    st.sampled_from(["user_id", "country", "device"]),
    st.sampled_from(["in_list", "not_in_list"]),
)
_missing = st.sampled_from(["country", "device", _COUNT, "signal.bureau.risk"]).map(
    lambda fact: {"fact": fact, "missing": True}
)
_conditions = st.one_of(_number_tests, _set_tests, _list_tests, _missing)
_rules = st.lists(
    st.fixed_dictionaries(
        {
            "decision": st.sampled_from(["approve", "review", "decline"]),
            "mode": st.sampled_from(["live", "shadow"]),
            "applies": st.sampled_from(["always", "fallback"]),
            "when": st.lists(_conditions, min_size=1, max_size=3),
        }
    ),
    max_size=8,
)
_facts = st.builds(
    facts,
    amount=st.sampled_from([0.01, 19.99, 20.0, 20.01, 500.0]),
    features=st.none() | st.fixed_dictionaries({}, optional={_COUNT: _NUMBERS}),
    signals=st.none() | st.fixed_dictionaries({"bureau.risk": st.none() | _NUMBERS}),
    user_id=st.sampled_from(["u-1", "u-2"]),
    timestamp_ms=st.integers(0, 23).map(lambda hour: 1_772_323_200_000 + hour * 3_600_000),
    **{name: st.none() | st.sampled_from(values) for name, values in _TEXTS.items()},
)


def _value(fact: str, known: Facts) -> Any:
    """A fact, the slow way; None when it is not known."""
    if fact == "amount":
        return known.transaction.amount_minor / 100
    if fact == "hour_of_day":
        return known.transaction.timestamp_ms // 3_600_000 % 24
    if fact.startswith("signal."):
        return (known.signals or {}).get(fact.removeprefix("signal."))
    if fact in FEATURE_NAMES:
        value = float("nan") if known.vector is None else known.vector[FEATURE_NAMES.index(fact)]
        return None if value != value else value
    return getattr(known.transaction, fact)


def _holds(condition: dict[str, Any], known: Facts) -> bool:
    value = _value(condition["fact"], known)
    if "missing" in condition:
        return value is None
    if value is None:
        return False
    (test,) = condition.keys() - {"fact"}
    given = condition[test]
    tests: dict[str, Callable[[], bool]] = {
        "at_least": lambda: value >= given,
        "at_most": lambda: value <= given,
        "above": lambda: value > given,
        "below": lambda: value < given,
        "one_of": lambda: value in given,
        "none_of": lambda: value not in given,
        "in_list": lambda: value in _LIST,
        "not_in_list": lambda: value not in _LIST,
    }
    return tests[test]()


def _oracle(
    rules: list[dict[str, Any]], known: Facts, score: float | None, without_model: str
) -> tuple[str, str, list[str], list[str]]:
    """Decision, who decided, and the live and shadow rules that match: by definition, rule after rule."""
    applying = [rule for rule in rules if rule["applies"] == "always" or score is None]
    matching = [rule for rule in applying if all(_holds(test, known) for test in rule["when"])]
    live = [rule for rule in matching if rule["mode"] == "live"]
    ids = [rule["id"] for rule in live], [rule["id"] for rule in matching if rule["mode"] == "shadow"]
    model = None if score is None else "decline" if score >= 0.8 else "review" if score >= 0.3 else "approve"
    said = [rule["decision"] for rule in live]
    if "decline" in said:
        decision = "decline"
    elif "approve" in said:
        decision = "approve"
    elif "decline" in (model, *said):
        decision = "decline"
    elif "review" in (model, *said):
        decision = "review"
    else:
        decision = "approve" if model else without_model
    return decision, "model" if decision == model else "rules", *ids


def _write(path: Path, rules: list[dict[str, Any]], without_model: str) -> Path:
    lines = ['version = "1"', f'without_model = "{without_model}"', f"list.known.values = {_LIST}"]
    for rule in rules:
        tests = ", ".join(
            "{" + ", ".join(f"{name} = {json.dumps(value)}" for name, value in test.items()) + "}"
            for test in rule["when"]
        )
        fields = [f'{name} = "{rule[name]}"' for name in ("id", "decision", "mode", "applies")]
        lines += ["[[rule]]", *fields, 'reason = "because"', f"when = [{tests}]"]
    path.write_text("\n".join(lines))
    return path


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rules=_rules,
    known=st.lists(_facts, min_size=1, max_size=4),
    without_model=st.sampled_from(["approve", "review", "decline"]),
)
def test_every_policy_decides_as_defined(
    tmp_path: Path, rules: list[dict[str, Any]], known: list[Facts], without_model: str
) -> None:
    rules = [{"id": f"r{number}", **rule} for number, rule in enumerate(rules)]
    path = _write(tmp_path / "policy.toml", rules, without_model)
    loaded = policy.load(path, {"bureau.risk": "number"})
    for one, score in itertools.product(known, [None, 0.0, 0.3, 0.79, 0.8, 1.0]):
        verdict = loaded.decide(one, score, _THRESHOLDS)
        expected = _oracle(rules, one, score, without_model)
        assert (
            verdict.decision,
            verdict.decided_by,
            list(verdict.rules_live),
            list(verdict.rules_shadow),
        ) == expected
        decisions = {rule["id"]: rule["decision"] for rule in rules}
        if any(decisions[name] == verdict.decision for name in verdict.rules_live):
            assert verdict.reasons[0].text == "because"
