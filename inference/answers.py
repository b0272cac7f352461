"""What the caller of the endpoint gets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from inference.policy import Decision, SignalValue
from inference.predictions import FeaturesAsOf
from inference.reasons import Reason


class Answer(msgspec.Struct, frozen=True, gc=False):
    """One decision; every field is described in docs/endpoint.md."""

    decision_id: str
    transaction_id: str
    decision: Decision
    score: float | None
    decided_by: Literal["model", "rules"]
    fallback_reason: str | None
    model_version: str | None
    rules_version: str
    reasons: Sequence[Reason]
    rules_matched: Sequence[str]
    rules_shadow: Sequence[str]
    signals: dict[str, SignalValue] | None
    features_as_of: FeaturesAsOf | None
    staleness_ms: float | None
    latency_ms: float
