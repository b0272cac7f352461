"""What the comparison of served features with the batch found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from processing.events.moments import iso
from processing.parity.picture import bars
from processing.parity.report import COUNTS, FeatureParity, table
from processing.parity.served.decisions import Decision
from processing.parity.served.witness import Witness

_SHOWN = 5  # late decisions in the readable report, and witnesses of each
_LISTED = 1_000  # of each kind in the JSON document


@dataclass(frozen=True, slots=True)
class Judged:
    """A decision whose features are not the batch's.

    Attributes:
        features: those that differ.
        witnesses: the inputs that explain it.
        problem: of a mismatch, why nothing excuses it; None of a late one.
    """

    decision: Decision
    features: tuple[str, ...]
    witnesses: tuple[Witness, ...]
    problem: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """As JSON can carry it."""
        return {
            "transaction_id": self.decision.transaction_id,
            "decided_at": iso(self.decision.decided_ms),
            "features": list(self.features),
            "witnesses": [witness.as_dict() for witness in self.witnesses[:_SHOWN]],
            "witness_count": len(self.witnesses),
            "problem": self.problem,
        }

    def __str__(self) -> str:
        why = self.problem or "; ".join(map(str, self.witnesses[:_SHOWN]))
        more = len(self.witnesses) - _SHOWN
        rest = f" and {more} more" if self.problem is None and more > 0 else ""
        return f"{self.decision.transaction_id} ({len(self.features)} features): {why}{rest}"


@dataclass(frozen=True, slots=True)
class ServedParity:
    """Decisions compared with the batch; every decision is in exactly one of the groups.

    Attributes:
        decisions: all that were read from the log.
        equal: decisions whose features are the batch's, bit for bit.
        late: decisions that lacked inputs, each with its witnesses.
        mismatched: decisions that differ, and nothing explains it.
        without_features: the rules decided and no features were computed.
        unmatched: ids of decisions on transactions that the lake does not have.
        unsettled: decisions too young for the lake to have everything they depend on.
        features: cells of the equal and the mismatched decisions; left is served, right the batch.
        late_cells: differing cells of the late decisions, by feature.
    """

    decisions: int
    equal: int
    late: tuple[Judged, ...]
    mismatched: tuple[Judged, ...]
    without_features: int
    unmatched: tuple[str, ...]
    unsettled: int
    features: tuple[FeatureParity, ...]
    late_cells: dict[str, int]

    @property
    def ok(self) -> bool:
        """Whether every decision whose inputs had arrived has the batch's features."""
        return not self.mismatched

    @property
    def reasons(self) -> Counter[str]:
        """Late decisions by the kinds of their witnesses; one with two kinds counts for both."""
        return Counter(kind for judged in self.late for kind in {w.kind for w in judged.witnesses})

    def counts(self) -> dict[str, int]:
        """The number of decisions in each group."""
        return {
            "decisions": self.decisions,
            "equal": self.equal,
            "late": len(self.late),
            "mismatched": len(self.mismatched),
            "without_features": self.without_features,
            "unmatched": len(self.unmatched),
            "unsettled": self.unsettled,
        }

    def as_dict(self) -> dict[str, Any]:
        """The report as one JSON document; lists end after a thousand entries, counts do not."""
        return {
            "ok": self.ok,
            **self.counts(),
            "late_reasons": dict(sorted(self.reasons.items())),
            "cells": {name: sum(getattr(f, name) for f in self.features) for name in COUNTS},
            "features": [
                {**feature.as_dict(), "late": self.late_cells.get(feature.name, 0)}
                for feature in self.features
            ],
            "late_decisions": [judged.as_dict() for judged in self.late[:_LISTED]],
            "mismatched_decisions": [judged.as_dict() for judged in self.mismatched[:_LISTED]],
            "unmatched_transactions": list(self.unmatched[:_LISTED]),
        }

    def summary(self) -> str:
        """The counts in one line."""
        reasons = ", ".join(f"{count} {kind}" for kind, count in sorted(self.reasons.items()))
        parts = [
            f"{self.equal:,} of {self.decisions:,} decisions equal the batch in every bit",
            f"{len(self.late):,} late" + (f" ({reasons})" if reasons else ""),
            f"{len(self.mismatched):,} mismatched",
        ]
        others = {
            "without features": self.without_features,
            "not in the lake": len(self.unmatched),
            "too young": self.unsettled,
        }
        return "; ".join(parts + [f"{count:,} {name}" for name, count in others.items() if count])

    def lines(self) -> list[str]:
        """The readable report."""
        return [
            self.summary(),
            *table(self.features),
            *_listed("mismatched", self.mismatched),
            *_listed("late", self.late),
        ]

    def picture(self) -> str:
        """A bar per feature, as SVG."""
        rows = [
            (
                feature.name,
                {name: getattr(feature, name) for name in COUNTS}
                | {"late": self.late_cells.get(feature.name, 0)},
            )
            for feature in self.features
        ]
        return bars(f"served | batch: {self.summary()}", rows)


def _listed(name: str, judged: Sequence[Judged]) -> list[str]:
    shown = [f"{name}: {one}" for one in judged[:_SHOWN]]
    more = len(judged) - _SHOWN
    return [*shown, f"... and {more:,} more {name}"] if more > 0 else shown
