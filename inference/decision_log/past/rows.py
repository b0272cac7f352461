"""Decisions from rows of the audit, of PostgreSQL, and from records of a spool."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from inference.decision_log.past.decision import PastDecision
from inference.predictions import Prediction, contributions, encode
from inference.reasons import Reason


def of_row(row: Mapping[str, Any], source: str) -> PastDecision:
    """The decision in a row of `processing.lake.audit.AUDIT`."""
    reasons = [
        Reason(
            one["feature"],
            one["text_value"] if one["value"] is None else one["value"],
            one["contribution"],
            one["text"],
            one["direction"],
            one["share"],
        )
        for one in row["reasons"]
    ]
    return _past(
        {
            **row,
            "timestamp": _text(row["timestamp"]),
            "decided_at": _text(row["decided_at"]),
            "reasons": reasons,
            "signals": None if row["signals"] is None else msgspec.json.decode(row["signals"]),
            "features": None if row["features_used"] is None else dict(row["features_used"]),
            "contributions": None if row["contributions"] is None else dict(row["contributions"]),
            "features_as_of": _moments(row["features_as_of"]),
        },
        source,
    )


def of_columns(row: Mapping[str, Any], source: str) -> PastDecision:
    """The decision in a row of the tables ``decisions`` and ``predictions``, joined."""
    return _past(
        {
            **row,
            "timestamp": _text(row["event_time"]),
            "decided_at": _text(row["decided_at"]),
            "amount": None if row["amount"] is None else float(row["amount"]),
        },
        source,
    )


def of_record(record: Prediction, names: Sequence[str], source: str) -> PastDecision:
    """The decision in a record of a spool whose features have these names."""
    row = msgspec.json.decode(encode(record, names))
    parts = contributions(record)
    named = None if parts is None else dict(zip(names, parts, strict=True))
    return _past({**row, "features": row["features_used"], "contributions": named}, source)


def _past(values: Mapping[str, Any], source: str) -> PastDecision:
    fields = {name: values.get(name) for name in PastDecision.__struct_fields__}
    return msgspec.convert(fields | {"source": source}, PastDecision)


def _moments(seen: Mapping[str, datetime | None] | None) -> dict[str, str | None] | None:
    return None if seen is None else {name: None if at is None else _text(at) for name, at in seen.items()}


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
