"""Quality checks on transactions that were accepted: counted and alerted on, never a reason to refuse.

Every module of this package that declares `CHECKS` is found by itself; to add a check, add a file.
"""

from __future__ import annotations

from processing.declared import declared
from processing.stream.checks.check import Check, Observation

CHECKS: tuple[Check, ...] = declared(__name__, "CHECKS")

__all__ = ["CHECKS", "Check", "Observation"]
