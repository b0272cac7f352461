"""Measures of the stream, one file each. A module that declares `MEASURES` is found by itself: its metric is
put every minute, and the stack makes an alarm of it.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from processing.stream.monitor.measure import Measure


def _declared() -> tuple[Measure, ...]:
    modules = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    measures = [measure for module in modules for measure in getattr(module, "MEASURES", ())]
    names = [measure.name for measure in measures]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"measures {', '.join(sorted(twice))} are declared twice: give each its own name")
    return tuple(measures)


MEASURES = _declared()
