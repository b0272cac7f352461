"""Rules and routes in words, for people who look at a policy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from inference.policy.document import Condition
from inference.policy.policy import Policy
from inference.policy.template import readable

_WORDS = {
    "at_least": "at least",
    "at_most": "at most",
    "above": "above",
    "below": "below",
    "one_of": "one of",
    "none_of": "none of",
    "in_list": "in list",
    "not_in_list": "not in list",
}


def condition(test: Condition) -> str:
    """One condition: ``amount above 10,000``."""
    (name,) = test.tests
    if name == "missing":
        return f"{test.fact} missing"
    given = getattr(test, name)
    values = given if isinstance(given, tuple) else (given,)
    return f"{test.fact} {_WORDS[name]} {', '.join(readable(value) for value in values)}"


def conditions(tests: Sequence[Condition]) -> str:
    """All conditions of a rule."""
    return " and ".join(condition(test) for test in tests)


def as_dict(policy: Policy) -> dict[str, Any]:
    """The policy as it applies, as JSON can carry it."""
    return {
        "version": policy.version,
        "thresholds": None if policy.thresholds is None else msgspec.structs.asdict(policy.thresholds),
        "without_model": policy.without_model,
        "rules": [
            {
                "id": rule.id,
                "mode": rule.mode,
                "applies": rule.applies,
                "decision": rule.decision,
                "when": conditions(rule.when),
            }
            for rule in policy.rules
        ],
        "lists": {name: len(values) for name, values in sorted(policy.lists.items())},
        "routes": {
            "realtime": {route.id: conditions(route.when) for route in policy.router.declared},
            "otherwise": policy.router.otherwise,
        },
    }


def lines(policy: Policy) -> list[str]:
    """The policy as it applies, for a terminal."""
    own = policy.thresholds
    limits = "the model's" if own is None else f"review {own.review:g}, decline {own.decline:g}"
    rules = [
        (rule.id, rule.mode, rule.applies, rule.decision, conditions(rule.when)) for rule in policy.rules
    ]
    widths = [max((len(row[at]) for row in rules), default=0) for at in range(4)]
    routes = policy.router.declared
    width = max((len(route.id) for route in routes), default=0)
    return [
        f"policy {policy.version}",
        f"thresholds: {limits}; without a score and a rule: {policy.without_model}",
        *(f"list {name}: {len(values):,} values" for name, values in sorted(policy.lists.items())),
        "",
        *(
            "  ".join([*(cell.ljust(at) for cell, at in zip(row[:4], widths, strict=True)), row[4]])
            for row in rules
        ),
        "",
        *(f"real time  {route.id.ljust(width)}  {conditions(route.when)}" for route in routes),
        f"everything else: {policy.router.otherwise}",
    ]
