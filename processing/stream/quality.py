"""Counts what the checks find, what was missing, and how many transactions something is wrong with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from feature_groups import FEATURE_NAMES
from processing.events import RejectedRecord, Transaction
from processing.stream.checks import CHECKS, Observation

# Refused for what is in them; a duplicate is not, nor what failed on our side.
_ANOMALOUS = frozenset({"schema-errors", "incomplete"})
_REQUIRED = ("transaction_id", "user_id", "merchant_id", "amount", "currency", "timestamp")
_MISSING = {field: f"missing_{field}" for field in _REQUIRED}
_FOUND = tuple((check.found, check.counter, check.anomalous) for check in CHECKS)

_UNKNOWN = {"user_id": "unknown_users", "merchant_id": "unknown_merchants"}

COUNTERS = (
    "anomalies",
    *_UNKNOWN.values(),
    *_MISSING.values(),
    *(check.counter for check in CHECKS),
)

_NO_FEATURES = (float("nan"),) * len(FEATURE_NAMES)


class Quality:
    """The findings of one micro-batch.

    Attributes:
        found: increments of `COUNTERS`.
    """

    def __init__(self) -> None:
        self.found: Counter[str] = Counter()

    def accepted(self, transaction: Transaction, arrival_ms: int, features: Sequence[float]) -> None:
        """Ask every check about an accepted transaction; it is one anomaly however many find something."""
        observation = Observation(transaction, arrival_ms, transaction.hundredths / 100.0, features)
        found, anomaly = self.found, False
        for finds, counter, anomalous in _FOUND:
            if finds(observation):
                found[counter] += 1
                anomaly = anomaly or anomalous
        if anomaly:
            found["anomalies"] += 1

    def late(self, transaction: Transaction, arrival_ms: int) -> None:
        """Ask every check about a late transaction, which has no features."""
        self.accepted(transaction, arrival_ms, _NO_FEATURES)

    def unknown(self, rejected: RejectedRecord) -> None:
        """Count a transaction that was refused because its user or merchant is unknown."""
        self.found["anomalies"] += 1
        self.found[_UNKNOWN[str(rejected.field)]] += 1

    def refused(self, rejected: RejectedRecord) -> None:
        """Count a transaction that could not be decoded."""
        if rejected.kind in _ANOMALOUS:
            self.found["anomalies"] += 1
        if rejected.kind == "incomplete" and rejected.field in _MISSING:
            self.found[_MISSING[rejected.field]] += 1
