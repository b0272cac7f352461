"""Checks a handler's response against its botocore output shape.

The front applies it to every response when ``FRAUDLINE_CHECK_SHAPES=1``, which the tests set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from mirror.api import service_model

_NUMBER = (int, float)


def _is_number(value: Any) -> bool:
    return isinstance(value, _NUMBER) and not isinstance(value, bool)


_SCALARS: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "character": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "long": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "float": _is_number,
    "double": _is_number,
    "blob": lambda value: isinstance(value, bytes | bytearray | str) or hasattr(value, "read"),
    "timestamp": lambda value: isinstance(value, datetime | str) or _is_number(value),
}


def mismatches(service: str, operation: str, response: Any) -> list[str]:
    """What `response` has that the output shape of ``service.operation`` does not allow.

    Each entry names the member: a wrong type, a missing required member, a member the model does
    not know, or a string outside its enumeration. An empty list means that it fits.
    """
    shape = service_model(service).operation_model(operation).output_shape
    if shape is None:
        return [f"{operation}: the model has no output, found {response!r}"] if response else []
    return list(_check(shape, response, operation))


def _check(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if isinstance(shape, StructureShape):
        if not isinstance(value, dict):
            yield f"{path}: expected a structure, found {type(value).__name__}"
            return
        present = {name for name, item in value.items() if item is not None}
        for name in shape.required_members:
            if name not in present:
                yield f"{path}.{name}: required, missing"
        for name in sorted(present):
            if name in shape.members:
                yield from _check(shape.members[name], value[name], f"{path}.{name}")
            else:
                yield f"{path}.{name}: not a member of {shape.name}"
    elif isinstance(shape, ListShape):
        if not isinstance(value, list | tuple):
            yield f"{path}: expected a list, found {type(value).__name__}"
            return
        for at, item in enumerate(value):
            yield from _check(shape.member, item, f"{path}[{at}]")
    elif isinstance(shape, MapShape):
        if not isinstance(value, dict):
            yield f"{path}: expected a map, found {type(value).__name__}"
            return
        for key, item in value.items():
            yield from _check(shape.value, item, f"{path}[{key!r}]")
    elif not _SCALARS[shape.type_name](value):
        yield f"{path}: expected a {shape.type_name}, found {type(value).__name__} {value!r:.80}"
    elif shape.type_name == "string" and shape.enum and value not in shape.enum:
        yield f"{path}: {value!r} is not one of {', '.join(shape.enum)}"
