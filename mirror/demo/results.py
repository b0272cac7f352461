"""What a demonstration found: the figures of the closing table, and whether they add up."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from feature_groups.names import DEAD_LETTERS
from processing.parity.served import ServedParity

DUPLICATES = "duplicates"


@dataclass
class Results:
    """Counts are of transactions on the raw stream; `expected` is known only for generated data.

    `counted` is what the consumer says of its own work, `dead_letters` what was read back from the
    dead-letter streams: two independent accounts of the same records. `stale_decisions` were made
    before the Feature Store showed the card's last payment; `refused` live transactions got a 4xx.
    `told_by_bureau` decisions had every signal of the third party in time.
    `live_since_ms` is the clock when the live phase began.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    sent: int = 0
    labels_sent: int = 0
    expected: Counter[str] = field(default_factory=Counter)
    counted: dict[str, int] = field(default_factory=dict)
    dead_letters: Counter[str] = field(default_factory=Counter)
    label_dead_letters: int = 0
    ingest_per_second: float = 0.0
    metrics: dict[str, float] = field(default_factory=dict)
    pictures: list[str] = field(default_factory=list)
    model_version: str | None = None
    decisions: Counter[str] = field(default_factory=Counter)
    decided_by: Counter[str] = field(default_factory=Counter)
    frauds: Counter[str] = field(default_factory=Counter)
    latencies_ms: list[float] = field(default_factory=list)
    server_latencies_ms: list[float] = field(default_factory=list)
    stale_decisions: int = 0
    refused: int = 0
    told_by_bureau: int = 0
    live_since_ms: int = 0
    parity: ServedParity | None = None

    @property
    def accepted(self) -> int:
        return self.counted.get("accepted", 0)

    @property
    def duplicates(self) -> int:
        return self.dead_letters[DUPLICATES]

    def percentiles(self) -> dict[str, float]:
        """p50, p95 and p99 of the decisions' latency in ms, as the client saw it."""
        return _percentiles(self.latencies_ms)

    def server_percentiles(self) -> dict[str, float]:
        """The same, as the inference server measured it."""
        return _percentiles(self.server_latencies_ms)

    def problems(self) -> list[str]:
        """Every way in which the figures do not add up; empty when they do."""
        found = []
        total = self.accepted + sum(self.dead_letters.values())
        if total != self.sent:
            found.append(
                f"accepted {self.accepted} + dead letters {sum(self.dead_letters.values())} "
                f"(duplicates included) = {total}, but {self.sent} were sent"
            )
        for kind in DEAD_LETTERS:
            said = self.counted.get(kind, 0)
            if said != self.dead_letters[kind]:
                found.append(
                    f"the consumer counted {said} {kind}, its stream holds {self.dead_letters[kind]}"
                )
        rejected = self.counted.get("labels_rejected", 0)
        if rejected != self.label_dead_letters:
            found.append(
                f"the consumer rejected {rejected} labels, the streams hold {self.label_dead_letters}"
            )
        for kind, expected in sorted(self.expected.items()):
            got = self.accepted if kind == "accepted" else self.dead_letters[kind]
            if got != expected:
                found.append(f"{expected} {kind} were expected, {got} were found")
        found += self._unlike_the_batch()
        return found

    def _unlike_the_batch(self) -> list[str]:
        if self.parity is None:
            return []
        made, seen = sum(self.decisions.values()), self.parity
        found = []
        if seen.decisions != made:
            found.append(f"{made} decisions were made, the log of decisions has {seen.decisions}")
        if seen.mismatched:
            found.append(
                f"{len(seen.mismatched)} decisions were served features that the batch does not have"
            )
        return found

    def as_dict(self) -> dict[str, Any]:
        """The results as one JSON document."""
        return {
            "events": {
                "sent": self.sent,
                "accepted": self.accepted,
                "dead_letters": {
                    kind: self.dead_letters[kind] for kind in DEAD_LETTERS if kind != DUPLICATES
                },
                "duplicates": self.duplicates,
            },
            "labels": {
                "sent": self.labels_sent,
                "accepted": self.counted.get("labels_accepted", 0),
                "dead_letters": self.label_dead_letters,
            },
            "ingest_events_per_second": round(self.ingest_per_second),
            "model": {"version": self.model_version, **self.metrics, "pictures": self.pictures},
            "decisions": dict(self.decisions),
            "decided_by": dict(self.decided_by),
            "stale_decisions": self.stale_decisions,
            "refused_by_the_endpoint": self.refused,
            "told_by_the_bureau": self.told_by_bureau,
            "live_frauds": dict(self.frauds),
            "parity": None if self.parity is None else _parity(self.parity),
            "latency_ms": self.percentiles(),
            "server_latency_ms": self.server_percentiles(),
            "seconds": {name: round(value, 1) for name, value in self.seconds.items()},
            "adds_up": not self.problems(),
            "problems": self.problems(),
        }


def _parity(parity: ServedParity) -> dict[str, Any]:
    return {**parity.counts(), "ok": parity.ok, "late_reasons": dict(sorted(parity.reasons.items()))}


def _percentiles(values: list[float]) -> dict[str, float]:
    if not values:
        return {}
    found = np.percentile(values, [50, 95, 99])
    return {name: round(float(value), 2) for name, value in zip(("p50", "p95", "p99"), found, strict=True)}
