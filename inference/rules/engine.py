"""Applies the rules to the facts of one transaction."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from inference.model import Decision
from inference.reasons import MAX_REASONS, Reason
from inference.rules.file import Condition, Rule, RulesFile

#: What is known of a transaction: request fields in the customer's units, and model features.
Facts = Mapping[str, float | str | None]

_SEVERITY: dict[Decision, int] = {"approve": 0, "review": 1, "decline": 2}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say: the severest decision of those that matched, and why."""

    decision: Decision
    reasons: list[Reason]


class RuleEngine:
    """A checked rules file, ready to decide."""

    def __init__(self, rules: RulesFile) -> None:
        self.version = rules.version
        # Severest first, so that the first reason is the one that decided.
        self._rules = sorted(rules.rule, key=lambda rule: -_SEVERITY[rule.decision])

    def decide(self, facts: Facts) -> Verdict:
        """Approve unless a rule matches."""
        matched = [rule for rule in self._rules if all(_holds(test, facts) for test in rule.when)]
        if not matched:
            return Verdict("approve", [])
        return Verdict(matched[0].decision, [_reason(rule, facts) for rule in matched[:MAX_REASONS]])


def _holds(condition: Condition, facts: Facts) -> bool:
    value = facts.get(condition.fact)
    if value is None:
        return False
    if isinstance(value, str):
        if condition.one_of is not None:
            return value in condition.one_of
        return condition.none_of is not None and value not in condition.none_of
    if condition.at_least is not None:
        return value >= condition.at_least
    return condition.at_most is not None and value <= condition.at_most


def _reason(rule: Rule, facts: Facts) -> Reason:
    shown = {name: _readable(value) for name, value in facts.items()}
    feature = rule.when[0].fact
    return Reason(feature, facts[feature], None, rule.reason.format_map(shown))


def _readable(value: float | str | None) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{value:,.0f}" if math.isfinite(value) and value == int(value) else f"{value:,.2f}"
