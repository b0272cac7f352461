"""The audit of decisions in the lake: one row for each, partitioned by the day it was made (UTC)."""

from __future__ import annotations

from datetime import date

import pyarrow as pa

AUDIT_PREFIX = "audit/predictions/"
SHADOW_AUDIT_PREFIX = "audit/shadow/"
"""What a shadow would have decided: the same files."""

_MOMENT = pa.timestamp("ms", tz="UTC")
_REASON = pa.struct(
    [
        pa.field("feature", pa.string(), nullable=False),
        ("value", pa.float64()),  # null when it is missing, or a text
        ("text_value", pa.string()),
        ("contribution", pa.float64()),
        ("direction", pa.string()),
        ("share", pa.float64()),
        pa.field("text", pa.string(), nullable=False),
    ]
)
_AS_OF = pa.struct([("profile", _MOMENT), ("user", _MOMENT), ("merchant", _MOMENT)])

# By name, not as columns: a row holds the features of the model that decided, whatever is declared now.
# `signals` is JSON: a value may be a number or a text.
AUDIT = pa.schema(
    [
        pa.field("decision_id", pa.string(), nullable=False),
        pa.field("transaction_id", pa.string(), nullable=False),
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("merchant_id", pa.string(), nullable=False),
        pa.field("timestamp", _MOMENT, nullable=False),
        pa.field("decided_at", _MOMENT, nullable=False),
        pa.field("decision", pa.string(), nullable=False),
        pa.field("decided_by", pa.string(), nullable=False),
        ("fallback_reason", pa.string()),
        ("fraud_probability", pa.float64()),
        ("review_threshold", pa.float64()),
        ("decline_threshold", pa.float64()),
        ("amount", pa.float64()),
        ("currency", pa.string()),
        ("model_version", pa.string()),
        pa.field("rules_version", pa.string(), nullable=False),
        pa.field("rules_live", pa.list_(pa.string()), nullable=False),
        pa.field("rules_shadow", pa.list_(pa.string()), nullable=False),
        pa.field("reasons", pa.list_(_REASON), nullable=False),
        ("signals", pa.string()),
        ("features_used", pa.map_(pa.string(), pa.float64())),
        ("contributions", pa.map_(pa.string(), pa.float32())),
        ("features_as_of", _AS_OF),
        ("staleness_ms", pa.float64()),
        pa.field("prediction_latency_ms", pa.float64(), nullable=False),
    ]
)

# Where a dictionary pays: a look-up for each of fifty numbers a row takes longer than it saves.
REPEATED = (
    "merchant_id", "decision", "decided_by", "fallback_reason", "review_threshold", "decline_threshold",
    "currency", "model_version", "rules_version", "rules_live.list.element", "rules_shadow.list.element",
    "reasons.list.element.feature", "reasons.list.element.direction", "reasons.list.element.text",
    "features_used.key_value.key", "contributions.key_value.key",
)  # fmt: skip


def audit_key(day: date, segment: str, start: int) -> str:
    """Where decisions of one day from one run of a spool's records go, below the audit's prefix.

    The same run has the same key, so that what is written again replaces what it was.
    """
    return f"{day_folder(day)}{segment}-{start:012d}.parquet"


def day_folder(day: date) -> str:
    """The partition of one day, below the audit's prefix."""
    return f"date={day:%Y-%m-%d}/"
