"""A decision by policies of 15 to 1,000 rules, when nothing matches and when something does.

The baselines get the same rules as expressions of their own, and the facts as a dictionary that is
already built; ours starts from the transaction and the vector of features. `zen-engine` is measured
as Python reaches it: its Rust core reports a tenth of that time.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import rule_engine
import zen

from benchmarks.results import record
from feature_groups import FEATURE_NAMES
from inference import policy
from inference.policy import Facts, Limits
from processing.events import Transaction

SIZES = (15, 100, 1000)
ROUNDS = 7
LIMITS = Limits(review=0.3, decline=0.8)
TRANSACTION = Transaction(
    "t", "u-1", "m-1", 2_150, "EUR", 1_772_368_496_789, country="FR", device="d", channel="pos"
)
VECTOR = [1.0] * len(FEATURE_NAMES)
FACTS = ["amount", *FEATURE_NAMES[:7]]
DICTIONARY: dict[str, Any] = dict.fromkeys(FACTS, 1.0) | {"amount": 21.5, "country": "FR"}


def rules(count: int) -> list[tuple[str, float, str]]:
    """Fact, limit and country of each rule: half of them on windows, none of which matches."""
    return [(FACTS[n % len(FACTS)], 1000.0 + n, ("GB", "KP")[n % 2]) for n in range(count)]


def policy_file(folder: Path, count: int) -> policy.Policy:
    """Ours, read from a file as the server reads it."""
    text = 'version = "1"\n'
    for n, (fact, limit, country) in enumerate(rules(count)):
        text += (
            f'[[rule]]\nid = "r{n}"\ndecision = "review"\nreason = "{{{fact}}}"\n'
            f'when = [{{fact = "{fact}", at_least = {limit}}}, '
            f'{{fact = "country", one_of = ["{country}"]}}]\n'
        )
    path = folder / "policy.toml"
    path.write_text(text)
    return policy.load(path)


def expressions(count: int) -> list[rule_engine.Rule]:
    """The same for `rule-engine`."""
    return [
        rule_engine.Rule(f'{fact} >= {limit} and country == "{country}"')
        for fact, limit, country in rules(count)
    ]


def matching(theirs: list[rule_engine.Rule]) -> list[rule_engine.Rule]:
    """The rules of `rule-engine` that match."""
    return [rule for rule in theirs if rule.matches(DICTIONARY)]


def decision_table(count: int) -> zen.ZenDecision:
    """The same for `zen-engine`, as one decision table that collects what matches."""
    inputs = [{"id": name, "name": name, "field": name} for name in DICTIONARY]
    table = {
        "hitPolicy": "collect",
        "inputs": inputs,
        "outputs": [{"id": "rule", "name": "rule", "field": "rule"}],
        "rules": [
            {"_id": f"r{n}", fact: f">= {limit}", "country": f'"{country}"', "rule": f'"r{n}"'}
            for n, (fact, limit, country) in enumerate(rules(count))
        ],
    }
    nodes = [
        {"id": "in", "name": "in", "type": "inputNode"},
        {"id": "table", "name": "table", "type": "decisionTableNode", "content": table},
        {"id": "out", "name": "out", "type": "outputNode"},
    ]
    edges = [
        {"id": "a", "sourceId": "in", "targetId": "table", "type": "edge"},
        {"id": "b", "sourceId": "table", "targetId": "out", "type": "edge"},
    ]
    content = zen.ZenDecisionContent(json.dumps({"nodes": nodes, "edges": edges}))
    return zen.ZenEngine().create_decision(content)


def microseconds(work: Callable[[], object], least_s: float = 0.1) -> float:
    """Median time of a call."""
    calls, took = 1, 0.0
    while took < least_s / 4:
        calls *= 2
        started = time.perf_counter()
        for _ in range(calls):
            work()
        took = time.perf_counter() - started
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        for _ in range(calls):
            work()
        times.append((time.perf_counter() - started) / calls)
    return median(times) * 1e6


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for count in SIZES:
            ours = policy_file(Path(folder), count)

            def decide(policy: policy.Policy = ours) -> policy.Verdict:
                return policy.decide(Facts(TRANSACTION, VECTOR), 0.1, LIMITS)

            assert decide().rules_live == ()
            own = microseconds(decide)
            theirs = expressions(count)
            assert matching(theirs) == []
            loop = microseconds(partial(matching, theirs))
            table = decision_table(count)
            assert not table.evaluate(DICTIONARY)["result"]
            rust = microseconds(partial(table.evaluate, DICTIONARY))
            record(f"policy of {count} rules, none matches", own, "us", "rule-engine", loop / own)
            record(f"policy of {count} rules, none matches, zen", own, "us", "zen-engine", rust / own)


if __name__ == "__main__":
    main()
