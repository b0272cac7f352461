"""Checks that stop a night before it trains on bad data, or registers a bad model.

    batch     the lake's newest days against the weeks before (layer Q3)
    training  the training set against itself: labels, leakage, drift (Q4)
    model     the trained model (Q5)

Every module of a layer's folder that declares `CHECKS` is found by itself; to add a check, add a file.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipelines.quality.check import Check, Finding, Layer
from processing.declared import declared


def checks_of(layer: Layer) -> tuple[Check, ...]:
    """The checks of a layer, by the names of their files.

    Raises:
        ValueError: two have the same name.
    """
    return declared(f"{__name__}.{layer}", "CHECKS")


def findings(layer: Layer, evidence: Any) -> Iterator[Finding]:
    """What the checks of a layer find, the critical ones first within each check."""
    for check in checks_of(layer):
        for problem in check.look(evidence):
            yield Finding(check.name, layer, problem.severity, problem.message, list(problem.rows))
