"""The comparison as a table and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from inference.policy.comparison.choices import Choice
from inference.policy.comparison.prices import PRICED, Prices


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a policy's routing is worth on one log.

    Attributes:
        choices: named ones; the second is the policy's own.
        by_amount: routing by amount alone, for the picture.
        unscored: transactions that the rules decided alone.
    """

    policy_version: str
    prices: Prices
    choices: Sequence[Choice]
    by_amount: Sequence[Choice]
    unscored: int

    def as_dict(self) -> dict[str, Any]:
        """As JSON can carry it."""
        return {
            "policy_version": self.policy_version,
            "prices": {**asdict(self.prices), "priced": PRICED},
            "unscored": self.unscored,
            "choices": [choice.as_dict() for choice in self.choices],
            "by_amount": [choice.as_dict() for choice in self.by_amount],
        }

    def lines(self) -> list[str]:
        """As a table for people."""
        head = ("choice", "real time", "batch", "USD/million", "in time", "late", "missed", "frauds in time")
        rows = [head, *(_cells(choice) for choice in self.choices)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
        table = [
            "  ".join(
                [
                    row[0].ljust(widths[0]),
                    *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True)),
                ]
            )
            for row in rows
        ]
        total = self.choices[0]
        frauds = total.in_time + total.late + total.missed
        return [
            f"policy {self.policy_version}: {total.realtime + total.batch:,} transactions, {frauds:,} frauds",
            *([f"{self.unscored:,} have no score: the rules decided them"] if self.unscored else []),
            "",
            *table,
            "",
            f"USD: {self.prices.realtime:.3f} per million decisions in real time, {self.prices.batch:.3f} in "
            f"batch, {self.prices.bureau_per_thousand:g} per thousand questions to third parties ({PRICED})",
            "in time: reviewed or declined in real time; late: flagged by the batch, the money has gone",
        ]


def _cells(choice: Choice) -> tuple[str, ...]:
    return (
        choice.name,
        f"{choice.realtime:,}",
        f"{choice.batch:,}",
        f"{choice.usd_per_million:,.3f}",
        f"{choice.in_time:,}",
        f"{choice.late:,}",
        f"{choice.missed:,}",
        f"{choice.caught_in_time:.1%}",
    )
