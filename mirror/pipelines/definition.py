"""A pipeline definition as typed values: parameters and steps, condition branches flattened."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from mirror.pipelines.durations import parse_duration
from mirror.pipelines.errors import InvalidDefinition
from mirror.pipelines.retries import RetryPolicy, parse_retry_policies

VERSION = "2020-12-01"
CACHEABLE = ("Processing", "Training", "Lambda")
SUPPORTED = ("Processing", "Training", "Condition", "RegisterModel", "Model", "Lambda", "Fail")
# Known to SageMaker and refused here by name, never skipped.
UNSUPPORTED = (
    "AutoML",
    "Callback",
    "ClarifyCheck",
    "EMR",
    "EMRServerless",
    "ForEach",
    "NotebookJob",
    "QualityCheck",
    "Transform",
    "Tuning",
)
_PARAMETER_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "String": str,
    "Integer": int,
    "Float": (int, float),
    "Boolean": bool,
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A pipeline parameter; `default` is None when every execution has to give a value."""

    name: str
    type: str
    default: str | int | float | bool | None
    choices: tuple[Any, ...]

    def accepts(self, value: Any) -> bool:
        """Whether `value` has this parameter's type (a boolean is no number)."""
        if isinstance(value, bool) and self.type != "Boolean":
            return False
        return isinstance(value, _PARAMETER_TYPES[self.type])


@dataclass(frozen=True, slots=True)
class Guard:
    """A step inside a branch runs only when `condition` comes out as `outcome`."""

    condition: str
    outcome: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `arguments` still contains expressions; `guard` is its condition branch, if any."""

    name: str
    type: str
    arguments: dict[str, Any]
    depends_on: tuple[str, ...]
    guard: Guard | None
    property_files: Mapping[str, tuple[str, str]]  # name → (output name, path of the file in it)
    cache_seconds: float | None
    retries: tuple[RetryPolicy, ...]
    display_name: str
    description: str
    function_arn: str | None
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Definition:
    """A parsed definition: its structure is sound, its references are not checked yet."""

    parameters: Mapping[str, Parameter]
    steps: Mapping[str, Step]


def parse(text: str) -> Definition:
    """Read a definition's JSON text.

    Raises:
        InvalidDefinition: it is not JSON, of another version, or a field is missing or wrong.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        raise InvalidDefinition(f"the definition is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise InvalidDefinition("the definition has to be a JSON object")
    if document.get("Version") != VERSION:
        raise InvalidDefinition(f"Version: {document.get('Version')!r} is not supported; use {VERSION!r}")
    parameters: dict[str, Parameter] = {}
    for index, item in enumerate(_list(document, "Parameters", "the definition", required=False)):
        parameter = _parameter(item, f"Parameters[{index}]")
        if parameter.name in parameters:
            raise InvalidDefinition(f"Parameters: the name {parameter.name!r} is used twice")
        parameters[parameter.name] = parameter
    steps: dict[str, Step] = {}
    _collect(_list(document, "Steps", "the definition"), "Steps", None, steps)
    if not steps:
        raise InvalidDefinition("Steps: a pipeline needs at least one step")
    return Definition(parameters, steps)


def _collect(items: list[Any], where: str, guard: Guard | None, steps: dict[str, Step]) -> None:
    for index, item in enumerate(items):
        step = _step(item, f"{where}[{index}]", guard)
        if step.name in steps:
            raise InvalidDefinition(f"step {step.name!r}: the name is used twice")
        steps[step.name] = step
        if step.type == "Condition":
            for branch, outcome in (("IfSteps", True), ("ElseSteps", False)):
                nested = _list(step.arguments, branch, f"step {step.name!r}", required=False)
                _collect(nested, f"step {step.name!r}: {branch}", Guard(step.name, outcome), steps)


def _step(item: Any, where: str, guard: Guard | None) -> Step:
    if not isinstance(item, dict):
        raise InvalidDefinition(f"{where}: a step has to be an object")
    name = item.get("Name")
    if (
        not isinstance(name, str)
        or not 1 <= len(name) <= 64
        or not name.replace("-", "").replace("_", "").isalnum()
    ):
        raise InvalidDefinition(
            f"{where}.Name: {name!r} has to be 1-64 letters, digits, hyphens or underscores"
        )
    where = f"step {name!r}"
    kind = item.get("Type")
    if kind not in SUPPORTED:
        known = "is not run by this mirror" if kind in UNSUPPORTED else "is not a step type"
        raise InvalidDefinition(f"{where}: Type {kind!r} {known}; supported: {', '.join(SUPPORTED)}")
    arguments = item.get("Arguments", {} if kind == "Lambda" else None)
    if not isinstance(arguments, dict):
        raise InvalidDefinition(f"{where}: Arguments is missing or not an object")
    function_arn = item.get("FunctionArn")
    if kind == "Lambda" and not isinstance(function_arn, str):
        raise InvalidDefinition(f"{where}: FunctionArn is missing")
    depends_on = _list(item, "DependsOn", where, required=False)
    if not all(isinstance(other, str) for other in depends_on):
        raise InvalidDefinition(f"{where}: DependsOn has to be a list of step names")
    outputs = _list(item, "OutputParameters", where, required=False)
    return Step(
        name=name,
        type=kind,
        arguments=arguments,
        depends_on=tuple(depends_on),
        guard=guard,
        property_files=_property_files(item, where),
        cache_seconds=_cache_seconds(item, kind, where),
        retries=parse_retry_policies(_list(item, "RetryPolicies", where, required=False), where),
        display_name=str(item.get("DisplayName") or name),
        description=str(item.get("Description") or ""),
        function_arn=function_arn,
        outputs=tuple(_field(output, "OutputName", f"{where}: OutputParameters") for output in outputs),
    )


def _parameter(item: Any, where: str) -> Parameter:
    name, kind = _field(item, "Name", where), _field(item, "Type", where)
    if kind not in _PARAMETER_TYPES:
        raise InvalidDefinition(
            f"parameter {name!r}: Type {kind!r} is not one of {', '.join(_PARAMETER_TYPES)}"
        )
    choices = tuple(_list(item, "EnumValues", f"parameter {name!r}", required=False))
    parameter = Parameter(name, kind, item.get("DefaultValue"), choices)
    if parameter.default is not None and not parameter.accepts(parameter.default):
        raise InvalidDefinition(
            f"parameter {name!r}: DefaultValue {parameter.default!r} is not of Type {kind}"
        )
    if choices and parameter.default is not None and parameter.default not in choices:
        raise InvalidDefinition(
            f"parameter {name!r}: DefaultValue {parameter.default!r} is not in EnumValues"
        )
    return parameter


def _property_files(item: dict[str, Any], where: str) -> dict[str, tuple[str, str]]:
    files: dict[str, tuple[str, str]] = {}
    for entry in _list(item, "PropertyFiles", where, required=False):
        label = f"{where}: PropertyFiles"
        name = _field(entry, "PropertyFileName", label)
        files[name] = (_field(entry, "OutputName", label), _field(entry, "FilePath", label))
    return files


def _cache_seconds(item: dict[str, Any], kind: str, where: str) -> float | None:
    config = item.get("CacheConfig")
    if config is None:
        return None
    if not isinstance(config, dict) or not isinstance(config.get("Enabled"), bool):
        raise InvalidDefinition(f"{where}: CacheConfig needs Enabled, true or false")
    if not config["Enabled"]:
        return None
    if kind not in CACHEABLE:
        raise InvalidDefinition(f"{where}: CacheConfig is not supported for Type {kind}")
    try:
        return parse_duration(config["ExpireAfter"]) if "ExpireAfter" in config else float("inf")
    except ValueError as error:
        raise InvalidDefinition(f"{where}: CacheConfig.ExpireAfter: {error}") from error


def _list(item: dict[str, Any], field: str, where: str, *, required: bool = True) -> list[Any]:
    value = item.get(field)
    if value is None and not required:
        return []
    if not isinstance(value, list):
        _missing(field, where, "a list")
    return value


def _field(item: Any, field: str, where: str) -> str:
    value = item.get(field) if isinstance(item, dict) else None
    if not isinstance(value, str) or not value:
        _missing(field, where, "text")
    return value


def _missing(field: str, where: str, kind: str) -> NoReturn:
    raise InvalidDefinition(f"{where}: {field} is missing or not {kind}")
