"""The records of the streams that the platform itself writes, as their Avro schemas describe them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from feature_groups import MODEL_FEATURES, Feature

_FEATURE_TYPES = {"Integral": int, "Fractional": float, "String": str}


def _feature(feature: Feature) -> tuple[str, object]:
    described = Meta(description=feature.description)
    return (feature.name, Annotated[_FEATURE_TYPES[feature.dtype] | None, described])


Features = msgspec.defstruct(
    "Features",
    [_feature(feature) for feature in MODEL_FEATURES],
    namespace={"__doc__": "The model's inputs, from what happened strictly before; null when missing"},
    frozen=True,
)


EnrichedTransaction = msgspec.defstruct(
    "EnrichedTransaction",
    [
        ("transaction_id", str),
        ("user_id", str),
        ("merchant_id", str),
        ("timestamp", Annotated[datetime, Meta(description="Event time")]),
        ("features", Features),
    ],
    frozen=True,
)


class Reason(msgspec.Struct, frozen=True):
    """One reason of a decision."""

    feature: Annotated[str, Meta(description="The feature, or the request field that a rule tested")]
    value: Annotated[float | str | None, Meta(description="Its value; null when it is missing")]
    contribution: Annotated[float | None, Meta(description="Log-odds it added to the score; null for rules")]
    text: Annotated[str, Meta(description="A sentence for people")]
    direction: Annotated[str | None, Meta(description="raises or lowers the risk; null for rules")] = None
    share: Annotated[float | None, Meta(description="Its part of what moved the score, 0 to 1")] = None


class FeaturesAsOf(msgspec.Struct, frozen=True):
    """Event times of the feature records that were read."""

    profile: Annotated[datetime | None, Meta(description="Null where there is no record yet")]
    user: Annotated[datetime | None, Meta(description="Null where there is no record yet")]
    merchant: Annotated[datetime | None, Meta(description="Null where there is no record yet")]


class Prediction(msgspec.Struct, frozen=True):
    """A decision."""

    transaction_id: str
    user_id: str
    merchant_id: str
    timestamp: Annotated[datetime, Meta(description="The transaction's own time")]
    decided_at: Annotated[datetime, Meta(description="The server's clock when it decided")]
    decision: Literal["approve", "review", "decline"]
    decided_by: Literal["model", "rules"]
    fallback_reason: Annotated[str | None, Meta(description="Why the rules decided instead of the model")]
    fraud_probability: Annotated[float | None, Meta(description="Null when the rules decided")]
    reasons: list[Reason]
    model_version: str | None
    rules_version: str
    # By name, not as a record: a decision holds the features of the model that made it.
    features_used: Annotated[
        dict[str, float | None] | None, Meta(description="Feature values by name; null for a missing one")
    ]
    features_as_of: Annotated[FeaturesAsOf | None, Meta(description="Null when the records were not read")]
    prediction_latency_ms: float
    decision_id: Annotated[str | None, Meta(description="Names the decision for ever")] = None
    amount: Annotated[float | None, Meta(description="In major units of the currency")] = None
    currency: Annotated[str | None, Meta(description="ISO 4217 code")] = None
    rules_live: Annotated[list[str] | None, Meta(description="Rules that matched")] = None
    rules_shadow: Annotated[list[str] | None, Meta(description="Matched too, and only watch")] = None
    signals: Annotated[
        dict[str, float | str | None] | None,
        Meta(description="What third parties said, by name; null: nothing in time"),
    ] = None
    staleness_ms: Annotated[
        float | None, Meta(description="How far the stored features were behind the stream")
    ] = None
    review_threshold: Annotated[float | None, Meta(description="Of the model, when it decided")] = None
    decline_threshold: Annotated[float | None, Meta(description="Of the model, when it decided")] = None


class DeadLetter(msgspec.Struct, frozen=True):
    """A record that was not applied: why, where it came from, and its original bytes."""

    reason: Annotated[str, Meta(description="The kind of dead letter, or late")]
    error: Annotated[str, Meta(description="What is wrong, and what to do")]
    field: Annotated[str | None, Meta(description="The field at fault; null when the whole record is")]
    stream: Annotated[str, Meta(description="The stream it was read from")]
    shard_id: str
    sequence_number: Annotated[str, Meta(description="Its offset in the shard")]
    partition_key: Annotated[str | None, Meta(description="The key it was sent with")] = None
    arrival_time: Annotated[datetime | None, Meta(description="When it arrived at its stream")] = None
    payload: Annotated[bytes | None, Meta(description="The original bytes; null if payload_uri has them")] = (
        None
    )
    payload_uri: Annotated[str | None, Meta(description="Object with bytes too many for a record")] = None
