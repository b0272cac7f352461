"""Range: amounts that a card payment hardly has, though the schema allows them."""

from __future__ import annotations

from processing.stream.checks.check import Check, Observation

_HUGE = 100_000


def _found(seen: Observation) -> bool:
    return seen.amount > _HUGE


CHECKS = (Check("amount_range", "an amount above 100,000", _found),)
