"""Range: a transaction that arrived before it happened was stamped by a clock that runs ahead."""

from __future__ import annotations

from processing.stream.checks.check import Check, Observation

_TOLERANCE_MS = 5_000


def _found(seen: Observation) -> bool:
    return seen.transaction.timestamp_ms > seen.arrival_ms + _TOLERANCE_MS


CHECKS = (Check("clock_ahead", "a timestamp more than 5 s after the arrival", _found),)
