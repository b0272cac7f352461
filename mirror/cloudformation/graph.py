"""Which resource has to exist before which."""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from typing import Any

from mirror.api import Document, ServiceError
from mirror.cloudformation.intrinsics import function_of, get_att, placeholders, sub_parts


def references(value: Any) -> Iterator[str]:
    """Names that `value` refers to by ``Ref``, ``Fn::GetAtt`` or ``Fn::Sub``: ids and parameters."""
    name = function_of(value)
    if name == "Ref":
        yield value["Ref"]
    elif name == "Fn::GetAtt":
        yield get_att(value[name])[0]
    elif name == "Fn::Sub":
        text, variables = sub_parts(value[name])
        yield from references(list(variables.values()))
        yield from (part.partition(".")[0] for part in placeholders(text) if part not in variables)
    elif isinstance(value, dict):
        for member in value.values():
            yield from references(member)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def dependencies(document: Document) -> dict[str, set[str]]:
    """Logical id → the logical ids that it needs."""
    resources: dict[str, Document] = document["Resources"]
    needs = {}
    for logical_id, declaration in resources.items():
        explicit = declaration.get("DependsOn") or []
        found = {explicit} if isinstance(explicit, str) else set(explicit)
        found.update(references(declaration.get("Properties", {})))
        needs[logical_id] = found & resources.keys()
    return needs


def creation_order(document: Document) -> list[str]:
    """Logical ids, each after everything it needs.

    Raises:
        ServiceError: the resources depend on one another in a circle.
    """
    needs = dependencies(document)
    try:
        return list(TopologicalSorter(needs).static_order())
    except CycleError as error:
        circle = ", ".join(sorted(set(error.args[1])))
        raise ServiceError("ValidationError", f"Circular dependency between resources: [{circle}]") from error


def deletion_order(rows: list[Document]) -> list[Document]:
    """Stored resources, each before everything it needs."""
    by_id = {row["LogicalResourceId"]: row for row in rows}
    needs = {name: by_id.keys() & set(row["needs"]) for name, row in by_id.items()}
    return [by_id[name] for name in reversed(list(TopologicalSorter(needs).static_order()))]
