"""Thresholds, rules, lists and routes, declared in one versioned file (docs/policy.md)."""

from __future__ import annotations

from inference.policy.document import Choice, Condition, Limits, PolicyError, Rule
from inference.policy.facts import REQUEST_FACTS, Facts, Kind, SignalValue
from inference.policy.policy import Policy, Thresholds
from inference.policy.reading import load
from inference.policy.routing import Router
from inference.policy.verdict import DecidedBy, Decision, Verdict

__all__ = [
    "REQUEST_FACTS",
    "Choice",
    "Condition",
    "DecidedBy",
    "Decision",
    "Facts",
    "Kind",
    "Limits",
    "Policy",
    "PolicyError",
    "Router",
    "Rule",
    "SignalValue",
    "Thresholds",
    "Verdict",
    "load",
]
