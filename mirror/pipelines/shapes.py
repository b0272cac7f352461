"""A step's arguments and properties against botocore's shapes, expressions allowed anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from botocore.model import Shape

from mirror.api import service_model
from mirror.pipelines.expressions import Key, is_expression, join_text

# What a step of each type requests, and what its properties are.
_REQUESTS = {
    "Processing": "CreateProcessingJob",
    "Training": "CreateTrainingJob",
    "RegisterModel": "CreateModelPackage",
    "Model": "CreateModel",
}
_PROPERTIES = {
    "Processing": "DescribeProcessingJob",
    "Training": "DescribeTrainingJob",
    "RegisterModel": "DescribeModelPackage",
    "Model": "DescribeModel",
}
# Filled in by the executor when the definition leaves them out.
_SUPPLIED = ("ProcessingJobName", "TrainingJobName", "ModelName", "RoleArn", "ExecutionRoleArn")
_SCALARS: dict[str, tuple[type, ...]] = {
    "string": (str, int, float, bool),
    "integer": (int, str),
    "long": (int, str),
    "float": (int, float, str),
    "double": (int, float, str),
    "boolean": (bool, str),
}


@cache
def request_shape(step_type: str) -> Shape | None:
    """The input shape that a step's arguments have to fit; None for types without a request."""
    name = _REQUESTS.get(step_type)
    return service_model("sagemaker").operation_model(name).input_shape if name else None


@cache
def property_shape(step_type: str) -> Shape | None:
    """The shape of a step's properties; None for types without any."""
    name = _PROPERTIES.get(step_type)
    return service_model("sagemaker").operation_model(name).output_shape if name else None


def problems(value: Any, shape: Shape, where: str = "Arguments") -> Iterator[str]:
    """What does not fit, each naming its field; expressions fit everywhere."""
    if is_expression(value):
        return
    if shape.type_name == "structure":
        if not isinstance(value, dict):
            yield f"{where} has to be an object"
            return
        for name in shape.required_members:
            if name not in value and name not in _SUPPLIED:
                yield f"{where}.{name} is missing"
        for name, item in value.items():
            if name in shape.members:
                yield from problems(item, shape.members[name], f"{where}.{name}")
            else:
                yield f"{where}.{name} is not a field of {shape.name}"
    elif shape.type_name == "list":
        if not isinstance(value, list):
            yield f"{where} has to be a list"
            return
        if len(value) < shape.metadata.get("min", 0):
            yield f"{where} has to have at least {shape.metadata['min']} entries"
        for index, item in enumerate(value):
            yield from problems(item, shape.member, f"{where}[{index}]")
    elif shape.type_name == "map":
        if not isinstance(value, dict):
            yield f"{where} has to be an object"
            return
        for name, item in value.items():
            yield from problems(item, shape.value, f"{where}.{name}")
    else:
        yield from _scalar_problems(value, shape, where)


def has_property(shape: Shape, path: Sequence[Key]) -> bool:
    """Whether a reference's path exists in `shape`."""
    for key in path:
        if shape.type_name == "structure" and key in shape.members:
            shape = shape.members[key]
        elif shape.type_name == "list":
            shape = shape.member
        elif shape.type_name == "map":
            shape = shape.value
        else:
            return False
    return True


def fit(value: Any, shape: Shape) -> Any:
    """Evaluated arguments as the API takes them: scalars become what the shape asks for.

    A parameter of type Integer may stand where the API wants text (a hyperparameter), and text
    where it wants a number. What cannot be converted is left for the API to refuse.
    """
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        return {name: fit(item, shape.members[name]) for name, item in value.items() if name in shape.members}
    if kind == "list" and isinstance(value, list):
        return [fit(item, shape.member) for item in value]
    if kind == "map" and isinstance(value, dict):
        return {name: fit(item, shape.value) for name, item in value.items()}
    try:
        if kind == "string" and isinstance(value, int | float):
            return join_text(value)
        if kind in ("integer", "long") and isinstance(value, str):
            return int(value)
        if kind in ("float", "double") and isinstance(value, str):
            return float(value)
        if kind == "boolean" and value in ("true", "false"):
            return value == "true"
    except ValueError:
        pass
    return value


def _scalar_problems(value: Any, shape: Shape, where: str) -> Iterator[str]:
    expected = _SCALARS.get(shape.type_name)
    if expected is not None and not isinstance(value, expected):
        yield f"{where}: {value!r} is not of type {shape.type_name}"
    elif shape.type_name == "string" and getattr(shape, "enum", None) and value not in shape.enum:
        yield f"{where}: {value!r} is not one of {', '.join(shape.enum[:12])}"
