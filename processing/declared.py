"""Finds what the modules of a folder declare, so that adding one is adding a file."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Any


def declared(package: str, attribute: str) -> tuple[Any, ...]:
    """The items of `attribute`, a sequence, of every module of a package that has it, by the modules' names.

    Raises:
        ValueError: two items have the same ``name``.
    """
    modules = [
        import_module(f"{package}.{found.name}") for found in iter_modules(import_module(package).__path__)
    ]
    items = [item for module in modules for item in getattr(module, attribute, ())]
    names = [item.name for item in items]
    if twice := {name for name in names if names.count(name) > 1}:
        what = attribute.lower()
        raise ValueError(f"{what} {', '.join(sorted(twice))} are declared twice: give each its own name")
    return tuple(items)
