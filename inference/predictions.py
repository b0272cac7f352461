"""The record of a decision: what was decided, by what, and the features it was decided on."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from feature_groups import FEATURE_NAMES
from inference.policy import DecidedBy, Decision, SignalValue
from inference.reasons import Reason

_encode = msgspec.json.Encoder().encode


class FeaturesAsOf(msgspec.Struct, frozen=True, gc=False):
    """Event times of the records that were read; None where there is no record yet."""

    profile: str | None
    user: str | None
    merchant: str | None


class Prediction(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One decision, as the spool keeps it and `encode` writes it to the ``model-predictions`` stream.

    A spool is read by later releases too: new fields come last and have a default.

    Attributes:
        timestamp: the transaction's own time; `decided_at` the server's clock when it decided.
        features_used: the vector in model order, NaN for missing; None when it was not computed.
        features_as_of: None when the records were not read.
        decision_id: names this decision for ever, in the answer, the log and the audit.
        amount: in major units, in hundredths; `currency` as in the request.
        rules_live, rules_shadow: ids of the rules that matched; shadow rules only watch.
        signals: what third parties said, by name; None when none was asked.
        staleness_ms: how far the stored features were behind the stream; None when not known.
        contributions: of every feature, in log-odds and model order; best the bytes of a float32 array,
            little-endian. For the audit only. None when no model decided.
        review_threshold, decline_threshold: of the model, in force at this decision.
    """

    transaction_id: str
    user_id: str
    merchant_id: str
    timestamp: str
    decided_at: str
    decision: Decision
    decided_by: DecidedBy
    fallback_reason: str | None
    fraud_probability: float | None
    reasons: Sequence[Reason]
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
    signals: dict[str, SignalValue] | None = None
    staleness_ms: float | None = None
    contributions: bytes | list[float] | None = None
    review_threshold: float | None = None
    decline_threshold: float | None = None


def encode(prediction: Prediction, names: Sequence[str] = FEATURE_NAMES) -> bytes:
    """The record as JSON: features by name, null for a missing value; without the contributions.

    Args:
        names: of the features, in the order of the release that decided.
    """
    document = msgspec.structs.asdict(prediction)
    del document["contributions"]
    if prediction.features_used is not None:
        document["features_used"] = dict(zip(names, prediction.features_used, strict=True))
    return _encode(document)  # NaN is written as null


def contributions(prediction: Prediction) -> list[float] | None:
    """What every feature added to the score, in log-odds and model order."""
    packed = prediction.contributions
    if isinstance(packed, bytes):
        return np.frombuffer(packed, "<f4").astype(np.float64).tolist()  # type: ignore[no-any-return]
    return packed
