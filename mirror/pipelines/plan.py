"""Which steps may run now: a pure function of the definition and the states so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from mirror.pipelines.definition import Definition, Guard, Step
from mirror.pipelines.errors import InvalidDefinition
from mirror.pipelines.expressions import references

State = Literal["waiting", "running", "succeeded", "failed", "stopped", "skipped"]
_LOST = ("failed", "stopped", "skipped")


@dataclass(frozen=True, slots=True)
class Decision:
    """Steps that may start, and steps that never will; both in definition order."""

    ready: tuple[str, ...]
    skipped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The dependency graph: per step, in topological order, what it waits for."""

    needs: Mapping[str, frozenset[str]]
    guards: Mapping[str, Guard | None]

    @classmethod
    def of(cls, definition: Definition) -> Plan:
        """The plan of a definition whose references all exist.

        Raises:
            InvalidDefinition: steps wait for each other in a circle; the message shows it.
        """
        needs = {name: _needs(step) for name, step in definition.steps.items()}
        order = topological_order(needs)
        return cls({name: needs[name] for name in order}, {n: s.guard for n, s in definition.steps.items()})

    def decide(self, states: Mapping[str, State], outcomes: Mapping[str, bool]) -> Decision:
        """What follows from `states` and from the `outcomes` of finished condition steps.

        A waiting step is ready when everything it needs has succeeded and its branch was taken; it
        is skipped when something it needs is lost or its branch was not taken.
        """
        current = dict(states)
        ready, skipped = [], []
        for name, needs in self.needs.items():  # topological: a skip reaches its dependents in one pass
            if current[name] != "waiting":
                continue
            guard = self.guards[name]
            not_taken = guard is not None and outcomes.get(guard.condition, guard.outcome) != guard.outcome
            if not_taken or any(current[other] in _LOST for other in needs):
                current[name] = "skipped"
                skipped.append(name)
            elif all(current[other] == "succeeded" for other in needs):
                ready.append(name)
        return Decision(tuple(ready), tuple(skipped))


def own_arguments(step: Step) -> object:
    """The arguments that belong to the step itself: a condition's branches are steps of their own."""
    return step.arguments.get("Conditions") if step.type == "Condition" else step.arguments


def topological_order(needs: Mapping[str, frozenset[str]]) -> list[str]:
    """The steps so that each follows what it needs, otherwise in the given order.

    Raises:
        InvalidDefinition: there is a cycle; the message shows it.
    """
    order: list[str] = []

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            circle = " -> ".join([*path[path.index(name) :], name])
            raise InvalidDefinition(f"steps wait for each other in a circle: {circle}")
        if name not in order:
            for other in sorted(needs[name]):
                visit(other, (*path, name))
            order.append(name)

    for name in needs:
        visit(name, ())
    return order


def _needs(step: Step) -> frozenset[str]:
    named = {reference.name for reference in references(own_arguments(step)) if reference.scope == "Steps"}
    guard = {step.guard.condition} if step.guard else set()
    return frozenset(named | guard | set(step.depends_on))
