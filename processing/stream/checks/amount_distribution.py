"""Distribution: how many amounts of a minute lie in which decade; with the total, five numbers draw it."""

from __future__ import annotations

from processing.stream.checks.check import Check, Observation


def _below(upper: int) -> Check:
    def found(seen: Observation) -> bool:
        return seen.amount < upper

    return Check(f"amount_below_{upper}", f"an amount below {upper:,}", found, anomalous=False)


CHECKS = tuple(_below(upper) for upper in (1, 10, 100, 1_000, 10_000))
