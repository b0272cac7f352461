"""Records of decisions as rows to copy into PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, LiteralString

import msgspec

from inference.predictions import Prediction, contributions

# Times and JSON are copied as text: the database has the parsers, and is strict.
COLUMNS: dict[str, LiteralString] = {
    "decision_id": "text", "transaction_id": "text", "user_id": "text", "merchant_id": "text",
    "event_time": "timestamptz", "decided_at": "timestamptz", "decision": "text", "decided_by": "text",
    "fallback_reason": "text", "amount": "numeric", "currency": "text", "rules_version": "text",
    "rules_live": "text[]", "rules_shadow": "text[]", "model_version": "text",
    "fraud_probability": "float8", "review_threshold": "float8", "decline_threshold": "float8",
    "reasons": "jsonb", "features": "jsonb", "contributions": "jsonb", "signals": "jsonb",
    "features_as_of": "jsonb", "staleness_ms": "float8", "prediction_latency_ms": "float8",
}  # fmt: skip
_encode = msgspec.json.Encoder().encode


def row(record: Prediction, features: Sequence[str]) -> tuple[object, ...]:
    """The values of `COLUMNS`.

    Raises:
        ValueError: the record has another number of features than names.
    """
    return (
        record.decision_id,
        record.transaction_id,
        record.user_id,
        record.merchant_id,
        record.timestamp,
        record.decided_at,
        record.decision,
        record.decided_by,
        record.fallback_reason,
        record.amount,
        record.currency,
        record.rules_version,
        list(record.rules_live),
        list(record.rules_shadow),
        record.model_version,
        record.fraud_probability,
        record.review_threshold,
        record.decline_threshold,
        _json(record.reasons),
        _by_name(record.features_used, features),
        _by_name(contributions(record), features),
        _json(record.signals),
        _json(record.features_as_of),
        record.staleness_ms,
        record.prediction_latency_ms,
    )


def _by_name(values: Sequence[float] | None, names: Sequence[str]) -> str | None:
    return None if values is None else _json(dict(zip(names, values, strict=True)))


def _json(value: Any) -> str | None:
    """NaN becomes null: a missing value."""
    return None if value is None else _encode(value).decode()
