"""Intrinsic functions, pseudo parameters, conditions and dynamic references."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mirror.api import Document, ServiceError
from mirror.aws import Aws
from mirror.cloudformation.resource import Outcome

NO_VALUE = object()
FUNCTIONS = frozenset({
    "Fn::Base64", "Fn::FindInMap", "Fn::GetAZs", "Fn::GetAtt", "Fn::If", "Fn::ImportValue", "Fn::Join",
    "Fn::Select", "Fn::Split", "Fn::Sub",
})  # fmt: skip
_PLACEHOLDER = re.compile(r"\$\{(!?)([^}]+)\}")
_DYNAMIC = re.compile(r"\{\{resolve:([a-z-]+):([^}]+)\}\}")


def function_of(value: Any) -> str | None:
    """The name of the intrinsic function that `value` is, e.g. ``Fn::Sub``."""
    if isinstance(value, dict) and len(value) == 1:
        name = next(iter(value))
        if name == "Ref" or (isinstance(name, str) and name.startswith("Fn::")):
            return str(name)
    return None


def get_att(argument: str | list[Any]) -> tuple[str, Any]:
    """Logical id and attribute of a ``Fn::GetAtt`` argument."""
    if isinstance(argument, str):
        logical_id, _, attribute = argument.partition(".")
        return logical_id, attribute
    return argument[0], argument[1]


def sub_parts(argument: str | list[Any]) -> tuple[str, Document]:
    """Text and variables of a ``Fn::Sub`` argument."""
    return (argument, {}) if isinstance(argument, str) else (argument[0], argument[1])


def placeholders(text: str) -> list[str]:
    """Names between ``${`` and ``}`` that a ``Fn::Sub`` text refers to."""
    return [name.strip() for escaped, name in _PLACEHOLDER.findall(text) if not escaped]


@dataclass
class Resolver:
    """Evaluates a template's values for one stack operation.

    Args:
        resources: logical id → the resource as it now is, filled while the stack is being built.
        export: the value of an export of the region; it raises ServiceError when there is none.
    """

    aws: Aws
    document: Document
    pseudo: Mapping[str, Any]
    parameters: Mapping[str, Any]
    export: Callable[[str], str]
    resources: dict[str, Outcome] = field(default_factory=dict)

    def resolve(self, value: Any) -> Any:
        """`value` without intrinsics; ``AWS::NoValue`` members are left out."""
        name = function_of(value)
        if name == "Ref":
            return self._ref(value["Ref"])
        if name is not None:
            return self._function(name, value[name])
        if isinstance(value, dict):
            members = {key: self.resolve(member) for key, member in value.items()}
            return {key: member for key, member in members.items() if member is not NO_VALUE}
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item is not NO_VALUE]
        if isinstance(value, str) and "{{resolve:" in value:
            return _DYNAMIC.sub(self._dynamic, value)
        return value

    def condition(self, name: str) -> bool:
        """The value of a condition declared in the template."""
        try:
            return self._boolean(self.document["Conditions"][name])
        except KeyError:
            raise ServiceError("ValidationError", f"Unresolved condition {name}") from None

    def active(self, declaration: Document) -> bool:
        """Whether a resource or output exists under its ``Condition``."""
        return "Condition" not in declaration or self.condition(declaration["Condition"])

    def _boolean(self, expression: Document) -> bool:
        ((name, argument),) = expression.items()
        if name == "Condition":
            return self.condition(argument)
        if name == "Fn::Equals":
            left, right = (self.resolve(side) for side in argument)
            return equal(left, right)
        if name == "Fn::Not":
            return not self._boolean(argument[0])
        if name == "Fn::And":
            return all(self._boolean(item) for item in argument)
        if name == "Fn::Or":
            return any(self._boolean(item) for item in argument)
        raise ServiceError("ValidationError", f"Unsupported condition function {name}")

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self.resources:
            return self.resources[name].physical_id
        for source in (self.parameters, self.pseudo):
            if name in source:
                return source[name]
        raise ServiceError("ValidationError", f"Unresolved reference {name}")

    def _get_att(self, logical_id: str, attribute: Any) -> Any:
        attribute = self.resolve(attribute)
        resource = self.resources.get(logical_id)
        if resource is None:
            raise ServiceError("ValidationError", f"Fn::GetAtt references undefined resource {logical_id}")
        if attribute not in resource.attributes:
            raise ServiceError(
                "ValidationError",
                f"Template error: resource {logical_id} does not support attribute type {attribute} "
                "in Fn::GetAtt",
            )
        return resource.attributes[attribute]

    def _function(self, name: str, argument: Any) -> Any:
        match name:
            case "Fn::GetAtt":
                return self._get_att(*get_att(argument))
            case "Fn::If":
                chosen = argument[1] if self.condition(argument[0]) else argument[2]
                return self.resolve(chosen)
            case "Fn::Join":
                return str(argument[0]).join(_text(item) for item in self.resolve(argument[1]))
            case "Fn::Split":
                return str(self.resolve(argument[1])).split(argument[0])
            case "Fn::Select":
                return self.resolve(argument[1])[int(self.resolve(argument[0]))]
            case "Fn::Sub":
                return self._sub(*sub_parts(argument))
            case "Fn::FindInMap":
                first, second, third = (self.resolve(key) for key in argument[:3])
                return self.resolve(self.document["Mappings"][first][second][third])
            case "Fn::ImportValue":
                return self.export(self.resolve(argument))
            case "Fn::Base64":
                return base64.b64encode(str(self.resolve(argument)).encode()).decode()
            case "Fn::GetAZs":
                region = self.resolve(argument) or self.pseudo["AWS::Region"]
                return [f"{region}{zone}" for zone in "abc"]
        raise ServiceError("ValidationError", f"Unsupported function {name}")

    def _sub(self, text: str, variables: Document) -> str:
        def replace(match: re.Match[str]) -> str:
            escaped, name = match.groups()
            name = name.strip()
            if escaped:
                return f"${{{name}}}"
            if name in variables:
                return _text(self.resolve(variables[name]))
            if name in self.pseudo or "." not in name:
                return _text(self._ref(name))
            return _text(self._get_att(*get_att(name)))

        return str(self.resolve(_PLACEHOLDER.sub(replace, text)))

    def _dynamic(self, match: re.Match[str]) -> str:
        service, reference = match.groups()
        if service in ("ssm", "ssm-secure"):
            found = self.aws("ssm", "GetParameter", Name=reference, WithDecryption=True)
            return str(found["Parameter"]["Value"])
        raise ServiceError(
            "ValidationError", f"Dynamic reference {match.group(0)}: only ssm and ssm-secure are supported"
        )


def equal(left: Any, right: Any) -> bool:
    """Equality as ``Fn::Equals`` has it: a number equals its text."""
    return bool(left == right) or str(left) == str(right)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
