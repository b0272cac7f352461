"""Range: a place at exactly 0, 0 is a default value of some terminal, not a place."""

from __future__ import annotations

from processing.stream.checks.check import Check, Observation


def _found(seen: Observation) -> bool:
    transaction = seen.transaction
    return transaction.lat == 0 and transaction.lon == 0


CHECKS = (Check("location_range", "a location of exactly 0, 0", _found),)
