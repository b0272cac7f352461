"""Weighs the model's score and the rules that match into one verdict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from inference.policy.compiled import NAN, NO_SIGNALS, UNKNOWN_VECTOR, Lists, matcher, value_of
from inference.policy.document import Choice, Header, Limits, Routing, Rule
from inference.policy.facts import Facts
from inference.policy.routing import Router
from inference.policy.template import fill
from inference.policy.verdict import SEVERITY, DecidedBy, Decision, Verdict
from inference.reasons import MAX_REASONS, Reason


class Thresholds(Protocol):
    """Probabilities from which a transaction is reviewed and declined."""

    @property
    def review(self) -> float: ...

    @property
    def decline(self) -> float: ...


_BY_MODEL: dict[Decision, Verdict] = {decision: Verdict(decision, "model") for decision in SEVERITY}


class Policy:
    """A checked policy file, ready to decide.

    Args:
        version: of the file and of the lists beside it.

    Attributes:
        thresholds: those of the file; None when the model's own apply.
        rules: the rules as they apply: without configured signals, rules about them are shadow rules.
        lists: values by name.
    """

    def __init__(
        self, version: str, header: Header, rules: Sequence[Rule], lists: Lists, routing: Routing | None
    ) -> None:
        self.version = version
        self.thresholds: Limits | None = header.thresholds
        self.rules: tuple[Rule, ...] = tuple(rules)
        self.without_model: Decision = header.without_model
        self.lists = lists
        self.router = Router(routing, lists)
        self._always = tuple(rule for rule in rules if rule.applies == "always")
        self._match_always = matcher([rule.when for rule in self._always], lists)
        self._match_all = matcher([rule.when for rule in self.rules], lists)
        self._unmatched = Verdict(header.without_model, "rules")

    def decide(self, facts: Facts, score: float | None, thresholds: Thresholds | None) -> Verdict:
        """Decide: a rule's decline, then a rule's approve, then the severest of model and rules.

        Args:
            score: the model's probability of fraud; None, or anything that is not a probability, lets
                the rules decide alone.
            thresholds: the model's; those of the policy file replace them.

        Raises:
            ValueError: there is a score, and nobody's thresholds to hold it against.
        """
        transaction = facts.transaction
        vector = UNKNOWN_VECTOR if facts.vector is None else facts.vector
        signals = facts.signals or NO_SIGNALS
        if score is None or not 0.0 <= score <= 1.0:
            matched = self._match_all(transaction, vector, signals, transaction.hundredths, NAN)
            if not matched:
                return self._unmatched
            return _weigh(None, self.without_model, [self.rules[index] for index in matched], facts, None)
        limits = self.thresholds or thresholds
        if limits is None:
            raise ValueError("a score without thresholds: give the model's, or write them into the policy")
        model: Decision = (
            "decline" if score >= limits.decline else "review" if score >= limits.review else "approve"
        )
        matched = self._match_always(transaction, vector, signals, transaction.hundredths, score)
        if not matched:
            return _BY_MODEL[model]
        return _weigh(model, model, [self._always[index] for index in matched], facts, score)

    def route(self, facts: Facts) -> Choice:
        """Whether a transaction deserves a decision in real time."""
        return self.router.route(facts)


def _weigh(
    model: Decision | None, otherwise: Decision, matched: Sequence[Rule], facts: Facts, score: float | None
) -> Verdict:
    """The verdict when some rules match; `otherwise` is the decision without them."""
    live = [rule for rule in matched if rule.mode == "live"]
    decision = precedence(model, otherwise, [rule.decision for rule in live])
    by: DecidedBy = "model" if decision == model else "rules"
    # Those that decided come first; of the others the severest.
    told = sorted(live, key=lambda rule: (rule.decision != decision, -SEVERITY[rule.decision]))
    return Verdict(
        decision,
        by,
        tuple(_reason(rule, facts, score) for rule in told[:MAX_REASONS]),
        tuple(rule.id for rule in live),
        tuple(rule.id for rule in matched if rule.mode == "shadow"),
    )


def precedence(model: Decision | None, otherwise: Decision, rules: Sequence[Decision]) -> Decision:
    """What decides: deny before allow before the severest of the model and the rules.

    Args:
        model: None when there is no score.
        otherwise: the decision when no rule matches and there is no score.
        rules: decisions of the live rules that match.
    """
    if "decline" in rules:
        return "decline"
    if "approve" in rules:
        return "approve"
    candidates = [*rules] if model is None else [model, *rules]
    return max(candidates, key=SEVERITY.__getitem__, default=otherwise)


def _reason(rule: Rule, facts: Facts, score: float | None) -> Reason:
    feature = rule.when[0].fact
    text = fill(rule.reason, lambda fact: value_of(fact, facts, score))
    return Reason(feature, value_of(feature, facts, score), None, text)
