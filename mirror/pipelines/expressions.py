"""Expressions inside a definition: ``Get``, ``Std:Join`` and ``Std:JsonGet``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from mirror.pipelines.errors import EvaluationError, InvalidDefinition

EXECUTION_VARIABLES = (
    "PipelineName",
    "PipelineArn",
    "PipelineExecutionId",
    "PipelineExecutionArn",
    "StartDateTime",
    "CurrentDateTime",
    "TrainingJobName",
    "ProcessingJobName",
)
_FUNCTIONS = ("Get", "Std:Join", "Std:JsonGet")
_PART = re.compile(r"""\.?([^.\[\]'"]+)|\[(\d+)\]|\[(?:'([^']*)'|"([^"]*)")\]""")

Key = str | int


@dataclass(frozen=True, slots=True)
class Reference:
    """A parsed ``Get``: `scope` is Parameters, Execution or Steps, `path` leads on from there."""

    scope: str
    path: tuple[Key, ...]
    text: str

    @property
    def name(self) -> str:
        """The parameter, the execution variable or the step."""
        return str(self.path[0])


class Scope(Protocol):
    """Where expressions find their values."""

    def get(self, reference: Reference) -> Any:
        """The value of a ``Get``.

        Raises:
            EvaluationError: there is none.
        """
        ...

    def property_file(self, step: str, name: str) -> Any:
        """The JSON document that a step wrote.

        Raises:
            EvaluationError: it is missing or not JSON.
        """
        ...

    def document(self, uri: str) -> Any:
        """The JSON document at an S3 URI.

        Raises:
            EvaluationError: it is missing or not JSON.
        """
        ...


def is_expression(value: Any) -> bool:
    """Whether `value` is a function call rather than plain data."""
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in _FUNCTIONS


def parse_reference(text: Any) -> Reference:
    """Read ``Steps.Train.ModelArtifacts.S3ModelArtifacts`` or ``...Outputs['train'].S3Output``.

    Raises:
        InvalidDefinition: the text is not a reference.
    """
    keys = _keys(text) if isinstance(text, str) else None
    if keys is None or len(keys) < 2 or keys[0] not in ("Parameters", "Execution", "Steps"):
        raise InvalidDefinition(
            f"Get {text!r} is not a reference; use Parameters.NAME, Execution.NAME or Steps.NAME.PROPERTY"
        )
    return Reference(str(keys[0]), keys[1:], text)


def references(value: Any) -> Iterator[Reference]:
    """Every ``Get`` inside `value`.

    Raises:
        InvalidDefinition: one is malformed, or a function's arguments are.
    """
    if is_expression(value):
        (function, argument) = next(iter(value.items()))
        if function == "Get":
            yield parse_reference(argument)
            return
        check_function(function, argument)
    if isinstance(value, dict):
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def check_function(function: str, argument: Any) -> None:
    """Check the arguments of a Std function.

    Raises:
        InvalidDefinition: one is missing.
    """
    if not isinstance(argument, dict):
        raise InvalidDefinition(f"{function} needs an object")
    if function == "Std:Join" and not isinstance(argument.get("Values"), list):
        raise InvalidDefinition("Std:Join: Values is missing or not a list")
    if function == "Std:JsonGet":
        if not isinstance(argument.get("Path"), str):
            raise InvalidDefinition("Std:JsonGet: Path is missing")
        if ("PropertyFile" in argument) == ("S3Uri" in argument):
            raise InvalidDefinition("Std:JsonGet: give either PropertyFile or S3Uri")
        if "PropertyFile" in argument:
            property_file(argument["PropertyFile"])


def property_file(value: Any) -> tuple[str, str]:
    """The (step, property file name) that a Std:JsonGet reads.

    Raises:
        InvalidDefinition: the value is not ``{"Get": "Steps.STEP.PropertyFiles.NAME"}``.
    """
    if is_expression(value) and "Get" in value:
        reference = parse_reference(value["Get"])
        if reference.scope == "Steps" and len(reference.path) == 3 and reference.path[1] == "PropertyFiles":
            return reference.name, str(reference.path[2])
    raise InvalidDefinition(
        f"Std:JsonGet: PropertyFile {value!r} has to be a Get of Steps.STEP.PropertyFiles.NAME"
    )


def evaluate(value: Any, scope: Scope) -> Any:
    """`value` with every expression replaced by its result; plain data is returned as it is.

    Raises:
        EvaluationError: an expression has no value.
    """
    if is_expression(value):
        (function, argument) = next(iter(value.items()))
        if function == "Get":
            return scope.get(parse_reference(argument))
        if function == "Std:Join":
            parts = [join_text(evaluate(item, scope)) for item in argument["Values"]]
            return str(argument.get("On", "")).join(parts)
        return _json_get(argument, scope)
    if isinstance(value, dict):
        return {key: evaluate(item, scope) for key, item in value.items()}
    if isinstance(value, list):
        return [evaluate(item, scope) for item in value]
    return value


def follow(document: Any, path: tuple[Key, ...], text: str) -> Any:
    """Walk `path` into a document; a name inside a list picks the entry of that name.

    Raises:
        EvaluationError: the path leads nowhere.
    """
    for key in path:
        try:
            document = _entry(document, key) if isinstance(document, list) else document[key]
        except (KeyError, IndexError, TypeError) as error:
            raise EvaluationError(f"{text}: there is no {key!r}") from error
    return document


def join_text(value: Any) -> str:
    """A value as Std:Join writes it: JSON's words for booleans and null."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: ""}[value]
    return str(value)


def _entry(items: list[Any], key: Key) -> Any:
    if isinstance(key, int):
        return items[key]
    identifiers = ("OutputName", "InputName", "ChannelName", "MetricName", "Name")
    for item in items:
        if isinstance(item, dict) and any(item.get(field) == key for field in identifiers):
            return item
    raise KeyError(key)


def _json_get(argument: dict[str, Any], scope: Scope) -> Any:
    path: str = argument["Path"]
    if "PropertyFile" in argument:
        step, name = property_file(argument["PropertyFile"])
        document, source = scope.property_file(step, name), f"property file {name!r} of step {step!r}"
    else:
        uri = evaluate(argument["S3Uri"], scope)
        document, source = scope.document(uri), str(uri)
    keys = json_path(path)
    return follow(document, keys, f"Std:JsonGet of {path!r} in {source}")


def json_path(path: str) -> tuple[Key, ...]:
    """The keys of a JSON path such as ``metrics.auc.value`` or ``$.runs[0]['the key']``.

    Raises:
        EvaluationError: the path is malformed.
    """
    keys = _keys(path.removeprefix("$"))
    if keys is None:
        raise EvaluationError(f"Std:JsonGet: Path {path!r} is malformed")
    return keys


def _keys(text: str) -> tuple[Key, ...] | None:
    """The keys of a dotted path with ``[0]`` and ``['name']`` parts; None when it is malformed."""
    keys: list[Key] = []
    position = 0
    while position < len(text):
        found = _PART.match(text, position)
        if found is None:
            return None
        name, index, *quoted = found.groups()
        keys.append(int(index) if index is not None else next(k for k in (name, *quoted) if k is not None))
        position = found.end()
    return tuple(keys)
