"""The parameters of an execution: given values checked against the definition, defaults filled in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mirror.api import Document, ServiceError
from mirror.pipelines.definition import Definition, Parameter


def resolve(definition: Definition, given: Iterable[Document]) -> Document:
    """Parameter name → typed value for one execution.

    Raises:
        ServiceError: ``ValidationException``: a parameter is unknown, given twice, of the wrong type,
            not an allowed value, or has no value at all.
    """
    values: Document = {}
    for item in given:
        name = item["Name"]
        parameter = definition.parameters.get(name)
        if parameter is None:
            known = ", ".join(definition.parameters) or "none"
            raise _invalid(f"Parameter [{name}] is not defined in the pipeline; its parameters: {known}")
        if name in values:
            raise _invalid(f"Parameter [{name}] is given twice")
        values[name] = _convert(parameter, item["Value"])
    for name, parameter in definition.parameters.items():
        if name not in values:
            if parameter.default is None:
                raise _invalid(f"Parameter [{name}] has no default and no value was given")
            values[name] = parameter.default
    return values


def _convert(parameter: Parameter, text: str) -> Any:
    try:
        value = _parse(parameter.type, text)
    except ValueError as error:
        message = f"Parameter [{parameter.name}]: {text!r} is not of type {parameter.type}"
        raise _invalid(message) from error
    if parameter.choices and value not in parameter.choices:
        allowed = ", ".join(str(choice) for choice in parameter.choices)
        raise _invalid(f"Parameter [{parameter.name}]: {text!r} is not one of {allowed}")
    return value


def _parse(kind: str, text: str) -> Any:
    if kind == "Integer":
        return int(text)
    if kind == "Float":
        return float(text)
    if kind == "Boolean":
        if text.lower() not in ("true", "false"):
            raise ValueError(text)
        return text.lower() == "true"
    return text


def _invalid(message: str) -> ServiceError:
    return ServiceError("ValidationException", message)
