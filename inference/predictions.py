"""The record of a decision: what was decided, by what, and the features it was decided on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from feature_groups import FEATURE_NAMES
from inference.model import Decision
from inference.reasons import Reason

_encode = msgspec.json.Encoder().encode


class FeaturesAsOf(msgspec.Struct, frozen=True):
    """Event times of the records that were read; None where there is no record yet."""

    profile: str | None
    user: str | None
    merchant: str | None


Signal = float | str | None
"""What a third party said of a transaction; None when it said nothing in time."""


class Prediction(msgspec.Struct, frozen=True):
    """One decision, as `encode` writes it to the ``model-predictions`` stream.

    Attributes:
        timestamp: the transaction's own time; `decided_at` the server's clock when it decided.
        features_used: the vector in model order, NaN for missing; None when it was not computed.
        features_as_of: None when the records were not read.
        decision_id: names this decision for ever, in the answer, the log and the audit.
        amount: in major units, in hundredths; `currency` as in the request.
        rules_live, rules_shadow: ids of the rules that matched; shadow rules only watch.
        signals: what third parties said, by name; None when none was asked.
        staleness_ms: how far the stored features were behind the stream; None when not known.
    """

    transaction_id: str
    user_id: str
    merchant_id: str
    timestamp: str
    decided_at: str
    decision: Decision
    decided_by: Literal["model", "rules"]
    fallback_reason: str | None
    fraud_probability: float | None
    reasons: list[Reason]
    model_version: str | None
    rules_version: str
    features_used: Sequence[float] | None
    features_as_of: FeaturesAsOf | None
    prediction_latency_ms: float
    decision_id: str = ""
    amount: float | None = None
    currency: str | None = None
    rules_live: Sequence[str] = ()
    rules_shadow: Sequence[str] = ()
    signals: dict[str, Signal] | None = None
    staleness_ms: float | None = None


class PredictionLog(Protocol):
    """Where decisions are recorded."""

    def put(self, prediction: Prediction) -> None:
        """Take a decision's record; never waits and never raises."""
        ...


def encode(prediction: Prediction) -> bytes:
    """The record as JSON: features by name, null for a missing value."""
    values = prediction.features_used
    used = None if values is None else dict(zip(FEATURE_NAMES, values, strict=True))
    document = {name: getattr(prediction, name) for name in Prediction.__struct_fields__}
    return _encode(document | {"features_used": used})  # NaN is written as null
