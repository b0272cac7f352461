"""The table of types against AWS's own resource schemas."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from mirror.api import Document
from mirror.cloudformation.coverage import Schema
from mirror.cloudformation.resource import RefusedError, ResourceType
from mirror.cloudformation.types import SUPPORTED, resource_type

TYPES = sorted(name for name, table in SUPPORTED.items() if table.properties is not None)


def schema_of(name: str) -> Document:
    schema: Document = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", name).schema
    return schema


def kind_of(name: str) -> ResourceType:
    kind = resource_type(name)
    assert kind is not None
    return kind


def unknown(ours: Schema, node: Any, schema: Document, path: str = "") -> Iterator[str]:
    """Paths of properties in `ours` that AWS's schema does not have."""
    node = _members(node, schema)
    for name, inner in ours.items():
        here = f"{path}.{name}".lstrip(".")
        if name not in node:
            yield here
        elif inner is not None:
            yield from unknown(inner, node[name], schema, here)


def _members(node: Any, schema: Document) -> Document:
    """The properties of an object, of a list's objects, or of all alternatives together."""
    if "$ref" in node:
        return _members(schema["definitions"][node["$ref"].rpartition("/")[2]], schema)
    if "items" in node:
        return _members(node["items"], schema)
    members: Document = dict(node.get("properties", {}))
    for alternative in (*node.get("oneOf", []), *node.get("anyOf", [])):
        members |= _members(alternative, schema)
    return members


@pytest.mark.parametrize("name", TYPES)
def test_every_property_exists_on_aws(name: str) -> None:
    schema = schema_of(name)
    assert list(unknown(SUPPORTED[name].properties or {}, schema, schema)) == []


@pytest.mark.parametrize("name", TYPES)
def test_what_replaces_on_aws_replaces_or_is_refused(name: str) -> None:
    kind, schema = kind_of(name), schema_of(name)
    paths = [path.split("/")[2:] for path in schema.get("createOnlyProperties", [])]
    create_only = {path[0] for path in paths if len(path) == 1} & (kind.properties or {}).keys()
    for prop in create_only:
        filler: Document = {"FeatureDefinitions": []}
        try:
            assert kind.needs_replacement(filler | {prop: "old"}, filler | {prop: "new"}), prop
        except RefusedError as error:
            assert prop in str(error)  # noqa: PT017 - either outcome is right


@pytest.mark.parametrize("name", TYPES)
def test_attributes_exist_on_aws(name: str) -> None:
    schema = schema_of(name)
    readable = {path.split("/", 2)[2].replace("/", ".") for path in schema.get("readOnlyProperties", [])}
    assert (SUPPORTED[name].attributes or frozenset()) <= readable | schema["properties"].keys()


def test_partial_types_say_what_is_missing() -> None:
    assert [name for name, table in SUPPORTED.items() if table.coverage == "partial" and not table.note] == []
