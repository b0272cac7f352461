"""Limits of the service model that botocore's own validator does not check.

botocore checks types, required members and minimum sizes on the client; the services also refuse
values outside an enumeration, above a maximum, or off a pattern, and so does the mirror.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape


def violations(shape: Shape | None, value: Any, path: str = "") -> list[str]:
    """Every constraint of `shape` that `value` breaks, in the words of the services."""
    return [] if shape is None else list(_check(shape, value, path))


def _check(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        for name, member in shape.members.items():
            if value.get(name) is not None:
                yield from _check(member, value[name], f"{path}.{name}" if path else name)
        return
    yield from _limits(shape, value, path)
    if isinstance(shape, ListShape) and isinstance(value, list):
        for at, item in enumerate(value, start=1):
            yield from _check(shape.member, item, f"{path}.{at}.member")
    elif isinstance(shape, MapShape) and isinstance(value, dict):
        for item in value.values():
            yield from _check(shape.value, item, f"{path}.value")


def _limits(shape: Shape, value: Any, path: str) -> Iterator[str]:
    metadata = shape.metadata
    if shape.type_name == "string" and isinstance(value, str):
        allowed, pattern = metadata.get("enum"), metadata.get("pattern")
        if allowed and value not in allowed:
            yield _violation(path, value, f"enum value set: [{', '.join(allowed)}]")
        compiled = _compiled(pattern) if pattern else None
        if compiled is not None and not compiled.fullmatch(value):
            yield _violation(path, value, f"regular expression pattern: {pattern}")
    size: float
    if shape.type_name in ("integer", "long", "float", "double"):
        size, what = value, "value"
    elif isinstance(value, str | bytes | list | dict):
        size, what = len(value), "length"
    else:
        return
    if "max" in metadata and size > metadata["max"]:
        yield _violation(path, value, f"{what} less than or equal to {metadata['max']}")
    if "min" in metadata and size < metadata["min"]:
        yield _violation(path, value, f"{what} greater than or equal to {metadata['min']}")


def _violation(path: str, value: Any, constraint: str) -> str:
    return f"Value {value!r:.120} at '{path}' failed to satisfy constraint: Member must satisfy {constraint}"


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern)
    except re.error:  # Java's \p{L} and the like, which Python does not have
        return None
