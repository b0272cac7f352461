"""A decision as the audit remembers it, wherever it was found."""

from __future__ import annotations

import math
from typing import Any, Protocol

import msgspec

from inference.predictions import FeaturesAsOf
from inference.reasons import Reason


class PastDecision(msgspec.Struct, frozen=True, kw_only=True):
    """One decision, complete.

    Attributes:
        source: where it was found.
        features: values by name, None for missing; None as a whole when none were computed.
        contributions: log-odds by feature; None when no model decided, or they were not recorded.
    """

    source: str
    decision_id: str
    transaction_id: str
    user_id: str
    merchant_id: str
    timestamp: str
    decided_at: str
    decision: str
    decided_by: str
    fallback_reason: str | None
    fraud_probability: float | None
    review_threshold: float | None
    decline_threshold: float | None
    amount: float | None
    currency: str | None
    model_version: str | None
    rules_version: str
    rules_live: list[str]
    rules_shadow: list[str]
    reasons: list[Reason]
    signals: dict[str, Any] | None
    features: dict[str, float | None] | None
    contributions: dict[str, float] | None
    features_as_of: FeaturesAsOf | None
    staleness_ms: float | None
    prediction_latency_ms: float

    @property
    def bias(self) -> float | None:
        """What the score would be in log-odds without any feature; None when it cannot be told."""
        if self.contributions is None or self.fraud_probability is None:
            return None
        if not 0.0 < self.fraud_probability < 1.0:
            return None
        logit = math.log(self.fraud_probability / (1.0 - self.fraud_probability))
        return logit - sum(self.contributions.values())


class NotFoundError(LookupError):
    """No decision has this id; the message says where was looked, and what to try."""


class Source(Protocol):
    """A place that remembers decisions."""

    def find(self, identifier: str) -> list[PastDecision]:
        """The decisions with this id, or on the transaction with this id; the newest first.

        Raises:
            SourceError: it cannot be read.
        """
        ...


class SourceError(Exception):
    """A place cannot be read; the message says why, and what to do."""
