"""What may run next, checked on random graphs against the rules stated directly."""

from __future__ import annotations

import random
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from mirror.pipelines.definition import Guard
from mirror.pipelines.plan import Plan, State, topological_order

_LOST = ("failed", "skipped", "stopped")


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """A random acyclic graph in shuffled order; some steps are conditions, some guarded by one."""
    names: list[str] = [f"s{number}" for number in range(draw(st.integers(1, 12)))]
    needs: dict[str, frozenset[str]] = {}
    guards: dict[str, Guard | None] = {}
    for index, name in enumerate(names):
        earlier = names[:index]
        wanted: set[str] = draw(st.sets(st.sampled_from(earlier), max_size=3)) if earlier else set()
        guards[name] = None
        if earlier and draw(st.sampled_from((True, False))):
            guard = Guard(draw(st.sampled_from(earlier)), draw(st.booleans()))
            guards[name] = guard
            wanted = wanted | {guard.condition}
        needs[name] = frozenset(wanted)
    shuffled: list[str] = draw(st.permutations(names))
    mixed = {name: needs[name] for name in shuffled}
    return Plan({name: needs[name] for name in topological_order(mixed)}, guards)


@given(plans())
def test_the_order_puts_every_step_after_what_it_needs(plan: Plan) -> None:
    seen: set[str] = set()
    for name, needs in plan.needs.items():
        assert needs <= seen
        seen.add(name)


@given(plans(), st.randoms(use_true_random=False), st.integers(1, 3))
def test_a_whole_execution_keeps_the_rules(plan: Plan, chance: random.Random, workers: int) -> None:
    states: dict[str, State] = dict.fromkeys(plan.needs, "waiting")
    outcomes: dict[str, bool] = {}
    started: list[str] = []
    while True:
        decision = plan.decide(states, outcomes)
        states.update(dict.fromkeys(decision.skipped, "skipped"))
        for name in decision.ready:
            if list(states.values()).count("running") < workers:
                assert all(states[other] == "succeeded" for other in plan.needs[name])
                guard = plan.guards[name]
                assert guard is None or outcomes[guard.condition] == guard.outcome
                states[name] = "running"
                started.append(name)
        running = [name for name, state in states.items() if state == "running"]
        if not running:
            break
        ended = chance.choice(running)
        states[ended] = cast(State, chance.choice(["succeeded", "succeeded", "failed", "stopped"]))
        if states[ended] == "succeeded":
            outcomes[ended] = chance.random() < 0.5
    assert len(started) == len(set(started))
    for name, state in states.items():
        guard = plan.guards[name]
        lost = any(states[other] in _LOST for other in plan.needs[name])
        not_taken = guard is not None and outcomes.get(guard.condition) is (not guard.outcome)
        assert (state == "skipped") == (lost or not_taken)
        assert state not in ("waiting", "running")


@given(plans())
def test_a_decision_is_stable_until_something_changes(plan: Plan) -> None:
    states: dict[str, State] = dict.fromkeys(plan.needs, "waiting")
    first = plan.decide(states, {})
    assert first == plan.decide(states, {})
    assert first.skipped == ()
    assert set(first.ready) == {name for name, needs in plan.needs.items() if not needs}
