"""Checks that stop a night before it trains on bad data, or registers a bad model.

    batch     the lake's newest days against the weeks before (layer Q3)
    training  the training set against itself: labels, leakage, drift (Q4)
    model     the trained model (Q5)

Every module of a layer's folder that declares `CHECKS` is found by itself; to add a check, add a file.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from pipelines.quality.check import Check, Finding, Layer


def checks_of(layer: Layer) -> tuple[Check, ...]:
    """The checks of a layer, by the names of their files.

    Raises:
        ValueError: two have the same name.
    """
    folder = f"{__name__}.{layer}"
    paths = import_module(folder).__path__
    modules = [import_module(f"{folder}.{module.name}") for module in iter_modules(paths)]
    checks = [check for module in modules for check in getattr(module, "CHECKS", ())]
    names = [check.name for check in checks]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"checks {', '.join(sorted(twice))} are declared twice: give each its own name")
    return tuple(checks)


def findings(layer: Layer, evidence: Any) -> Iterator[Finding]:
    """What the checks of a layer find, the critical ones first within each check."""
    for check in checks_of(layer):
        for problem in check.look(evidence):
            yield Finding(check.name, layer, problem.severity, problem.message, list(problem.rows))
