"""Columns of the lake's tables."""

from __future__ import annotations

import pyarrow as pa

from feature_groups import MODEL_FEATURES, Feature

_MOMENT = pa.timestamp("ms", tz="UTC")

# `amount_minor` is in the minor units of `currency`; optional columns are null where unknown.
RAW_TRANSACTIONS = pa.schema(
    [
        pa.field("transaction_id", pa.string(), nullable=False),
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("merchant_id", pa.string(), nullable=False),
        pa.field("amount_minor", pa.int64(), nullable=False),
        pa.field("currency", pa.string(), nullable=False),
        pa.field("timestamp", _MOMENT, nullable=False),
        pa.field("lat", pa.float64()),
        pa.field("lon", pa.float64()),
        pa.field("country", pa.string()),
        pa.field("device", pa.string()),
        pa.field("channel", pa.string()),
        pa.field("status", pa.string()),
        pa.field("arrival_time", _MOMENT, nullable=False),
    ]
)

LABELS = pa.schema(
    [
        pa.field("transaction_id", pa.string(), nullable=False),
        pa.field("is_fraud", pa.bool_(), nullable=False),
        pa.field("fraud_type", pa.string()),
        pa.field("confidence", pa.float64(), nullable=False),
        pa.field("investigation_complete_time", _MOMENT, nullable=False),
    ]
)


def _column(feature: Feature) -> pa.Field:
    """Whole numbers too are float64: a missing value is NaN, as the model takes it."""
    about = {"description": feature.description, "unit": feature.unit, "sensitivity": feature.sensitivity}
    return pa.field(feature.name, pa.float64(), nullable=False, metadata=about)


# The features of transactions, one row each, in model order; metadata says what a column means.
FEATURES = pa.schema(
    [pa.field("transaction_id", pa.string(), nullable=False), *map(_column, MODEL_FEATURES)],
)
