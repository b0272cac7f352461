"""From inputs to the finished definition."""

from __future__ import annotations

import json
from typing import Any

from pipelines.definition.inputs import NightlyInputs
from pipelines.definition.placeholders import Placeholders
from pipelines.definition.sandbox import offline_sdk


def nightly_definition(inputs: NightlyInputs) -> dict[str, Any]:
    """The nightly pipeline's definition, JSON-able, in the service's schema ``2020-12-01``.

    A pure function: the same inputs give the same value in any process, with no credentials,
    network, clock or settings of the machine. The first call in a process imports the SageMaker
    SDK, which takes several seconds.

    Raises:
        RuntimeError: the SDK derived a text from an input instead of passing it on.
    """
    placeholders = Placeholders.of(inputs)
    with offline_sdk():
        from pipelines.definition.assembly import assemble

        raw = assemble(placeholders.inputs)
    restored: dict[str, Any] = placeholders.restore(_tidy(raw))
    return restored


def canonical_json(definition: dict[str, Any]) -> str:
    """The definition as compact JSON with sorted keys: equal definitions, equal bytes."""
    return json.dumps(definition, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def _tidy(definition: dict[str, Any]) -> dict[str, Any]:
    """Without what the SDK adds of its own: empty members and another server's environment."""
    kept: dict[str, Any] = _without_empty(definition)
    for step in _every_step(kept["Steps"]):
        if step["Type"] == "RegisterModel":
            for container in step["Arguments"]["InferenceSpecification"]["Containers"]:
                container.pop("Environment", None)
    return kept


def _without_empty(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_empty(item) for item in node]
    if not isinstance(node, dict):
        return node
    members = {name: _without_empty(value) for name, value in node.items()}
    return {name: value for name, value in members.items() if value is not None and value != {}}


def _every_step(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = []
    for step in steps:
        found.append(step)
        if step["Type"] == "Condition":
            found += _every_step(step["Arguments"]["IfSteps"] + step["Arguments"]["ElseSteps"])
    return found
