"""What an update would add, change, replace and remove, found before anything is touched."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mirror.api import Document, ServiceError
from mirror.cloudformation.applier import check_rename, desired_properties
from mirror.cloudformation.desired import Desired
from mirror.cloudformation.graph import creation_order
from mirror.cloudformation.resource import Outcome, RefusedError, ResourceType
from mirror.cloudformation.types import resource_type


def plan(desired: Desired, rows: list[Document]) -> list[Document]:
    """Changes in the shape of ``DescribeChangeSet``.

    A value that depends on a resource still to be built cannot be known: such a resource counts as
    modified.

    Raises:
        ServiceError: the update asks a resource type for a change it refuses to make.
    """
    existing = {row["LogicalResourceId"]: row for row in rows if row["PhysicalResourceId"]}
    known = {name: Outcome(row["PhysicalResourceId"], row["attributes"]) for name, row in existing.items()}
    preview = replace(desired, resolver=replace(desired.resolver, resources=known), imports=set())
    active = preview.active
    changes = []
    for name in creation_order(desired.document):
        if name not in active:
            continue
        declaration = active[name]
        if name not in existing:
            known.pop(name, None)
            changes.append(_change("Add", name, declaration["Type"]))
            continue
        row = existing[name]
        kind = resource_type(declaration["Type"])
        if kind is None:
            continue
        try:
            properties: Document | None = desired_properties(declaration, preview)
        except ServiceError:
            properties = None
        if properties == row["properties"] and not row["ResourceStatus"].endswith("_FAILED"):
            continue
        replaced = _replaced(name, kind, row["properties"], properties)
        if replaced == "True":
            known.pop(name)
        changes.append(
            _change(
                "Modify",
                name,
                declaration["Type"],
                PhysicalResourceId=row["PhysicalResourceId"],
                Replacement=replaced,
                Scope=["Properties"],
                Details=_details(row["properties"], properties, kind),
            )
        )
    changes += [
        _change("Remove", name, row["ResourceType"], PhysicalResourceId=row["PhysicalResourceId"])
        for name, row in existing.items()
        if name not in active
    ]
    return changes


def _replaced(name: str, kind: ResourceType, old: Document, new: Document | None) -> str:
    if new is None:
        return "Conditional"
    try:
        replaced = kind.needs_replacement(old, new)
        if replaced:
            check_rename(kind, old, new)
    except RefusedError as error:
        raise ServiceError("ValidationError", f"{name} ({kind.type}): {error}") from error
    return str(replaced)


def _details(old: Document, new: Document | None, kind: ResourceType) -> list[Document]:
    if new is None:
        return []
    return [
        {
            "Target": {
                "Attribute": "Properties",
                "Name": name,
                "RequiresRecreation": "Always" if name in kind.replaced_by else "Never",
            },
            "Evaluation": "Static",
            "ChangeSource": "DirectModification",
        }
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]


def _change(action: str, name: str, kind: str, **fields: Any) -> Document:
    change = {"Action": action, "LogicalResourceId": name, "ResourceType": kind, "Scope": [], "Details": []}
    return {"Type": "Resource", "ResourceChange": change | fields}
