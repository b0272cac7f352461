"""Quality checks on transactions that were accepted: counted and alerted on, never a reason to refuse.

Every module of this package that declares `CHECKS` is found by itself; to add a check, add a file.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from processing.stream.checks.check import Check, Observation


def _declared() -> tuple[Check, ...]:
    modules = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    checks = [check for module in modules for check in getattr(module, "CHECKS", ())]
    names = [check.name for check in checks]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"checks {', '.join(sorted(twice))} are declared twice: give each its own name")
    return tuple(checks)


CHECKS = _declared()

__all__ = ["CHECKS", "Check", "Observation"]
