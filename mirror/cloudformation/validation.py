"""Strictness: everything in a template that the mirror would ignore is named before anything is built."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mirror.api import Document, ServiceError
from mirror.cloudformation.coverage import Schema
from mirror.cloudformation.graph import creation_order, references
from mirror.cloudformation.intrinsics import (
    FUNCTIONS,
    Resolver,
    function_of,
    get_att,
    placeholders,
    sub_parts,
)
from mirror.cloudformation.resource import ResourceType
from mirror.cloudformation.types import resource_type

_DECLARATION = {
    "Condition", "DeletionPolicy", "DependsOn", "Metadata", "Properties", "Type", "UpdateReplacePolicy",
}  # fmt: skip
_POLICIES = {"Delete", "Retain", "RetainExceptOnCreate"}


def validate(resolver: Resolver) -> None:
    """Refuse a template that would be applied only in part.

    Raises:
        ServiceError: ``ValidationError`` listing every problem, each with its logical id, its type
            and the property that the mirror does not honour.
    """
    declarations: dict[str, Document] = resolver.document["Resources"]
    creation_order(resolver.document)
    problems = []
    for logical_id, declaration in declarations.items():
        if "Type" not in declaration:
            problems.append(f"{logical_id}: Type is missing")
        elif resolver.active(declaration):
            found = _declaration_problems(declaration, resolver)
            problems += [f"{logical_id} ({declaration['Type']}): {problem}" for problem in found]
    for name, output in (resolver.document.get("Outputs") or {}).items():
        if resolver.active(output):
            problems += [f"Output {name}: {problem}" for problem in _value_problems(output, resolver)]
    if problems:
        raise ServiceError(
            "ValidationError",
            f"The mirror cannot honour {len(problems)} part(s) of this template: " + "; ".join(problems),
        )


def _declaration_problems(declaration: Document, resolver: Resolver) -> Iterator[str]:
    kind = resource_type(declaration["Type"])
    if kind is None:
        yield "this type is not supported"
        return
    for name in sorted(set(declaration) - _DECLARATION):
        yield f"resource attribute {name} is not supported"
    for name in ("DeletionPolicy", "UpdateReplacePolicy"):
        if declaration.get(name, "Delete") not in _POLICIES:
            yield f"{name} {declaration[name]} is not supported"
    properties = declaration.get("Properties") or {}
    if kind.properties is not None:
        for path in ignored(properties, kind.properties, resolver):
            yield f"property {path} is not supported"
    yield from _value_problems(properties, resolver)


def ignored(value: Any, schema: Schema, resolver: Resolver, path: str = "") -> Iterator[str]:
    """Paths of the properties in `value` that `schema` does not list."""
    name = function_of(value)
    if name == "Fn::If":
        condition, then, otherwise = value[name]
        yield from ignored(then if resolver.condition(condition) else otherwise, schema, resolver, path)
    elif name is not None:
        return
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from ignored(item, schema, resolver, f"{path}[{index}]")
    elif isinstance(value, dict):
        for key, member in value.items():
            here = f"{path}.{key}" if path else key
            if key not in schema:
                yield here
            elif schema[key] is not None:
                yield from ignored(member, schema[key], resolver, here)


def _value_problems(value: Any, resolver: Resolver) -> Iterator[str]:
    """Functions, references and attributes that cannot be resolved."""
    declarations = resolver.document["Resources"]
    for name in sorted(set(references(value))):
        if name not in declarations and name not in resolver.parameters and name not in resolver.pseudo:
            yield f"reference to undefined {name}"
    for function, argument in _functions(value):
        if function not in FUNCTIONS and function != "Ref":
            yield f"function {function} is not supported"
        for logical_id, attribute in _attributes(function, argument):
            kind = resource_type(declarations.get(logical_id, {}).get("Type", ""))
            if isinstance(attribute, str) and kind is not None and not _answers(kind, attribute):
                yield f"Fn::GetAtt {logical_id}.{attribute} is not supported"


def _answers(kind: ResourceType, attribute: str) -> bool:
    return kind.attributes is None or attribute in kind.attributes


def _attributes(function: str, argument: Any) -> Iterator[tuple[str, Any]]:
    if function == "Fn::GetAtt":
        yield get_att(argument)
    elif function == "Fn::Sub":
        text, variables = sub_parts(argument)
        for name in placeholders(text):
            if "." in name and name not in variables:
                yield get_att(name)


def _functions(value: Any) -> Iterator[tuple[str, Any]]:
    name = function_of(value)
    if name is not None:
        yield name, value[name]
    if isinstance(value, dict):
        for member in value.values():
            yield from _functions(member)
    elif isinstance(value, list):
        for item in value:
            yield from _functions(item)
