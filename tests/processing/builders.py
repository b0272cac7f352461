"""Transactions and labels for tests, complete by default."""

from __future__ import annotations

import json
from typing import Any

from processing.events import Label, Transaction
from processing.events.moments import iso

NOW = 1_772_368_496_789  # 2026-03-01T12:34:56.789Z
HOUR = 3_600_000
DAY = 24 * HOUR


def transaction(number: int = 1, t_ms: int = NOW, **changes: Any) -> Transaction:
    fields: dict[str, Any] = {
        "transaction_id": f"t{number}",
        "user_id": "u1",
        "merchant_id": "m1",
        "amount_minor": 1250,
        "currency": "EUR",
        "timestamp_ms": t_ms,
        "lat": 48.85,
        "lon": 2.35,
        "country": "FR",
        "device": "d1",
        "channel": "pos",
        "status": "approved",
    }
    return Transaction(**fields | changes)


def label(number: int = 1, known_ms: int = NOW, is_fraud: bool = True) -> Label:
    return Label(f"t{number}", is_fraud, known_ms, 1.0, "card testing")


def raw(**changes: Any) -> bytes:
    """A raw transaction; a change to ``...`` leaves the field out."""
    fields: dict[str, Any] = {
        "transaction_id": "t1",
        "user_id": "u1",
        "merchant_id": "m1",
        "amount": 12.5,
        "currency": "EUR",
        "timestamp": iso(NOW),
        "location": {"lat": 48.85, "lon": 2.35},
        "country": "FR",
        "device": "d1",
        "channel": "pos",
        "status": "approved",
    }
    return json.dumps({k: v for k, v in (fields | changes).items() if v is not ...}).encode()


def raw_label(**changes: Any) -> bytes:
    fields: dict[str, Any] = {
        "transaction_id": "t1",
        "is_fraud": True,
        "fraud_type": "card testing",
        "confidence": 0.9,
        "investigation_complete_time": iso(NOW),
    }
    return json.dumps({k: v for k, v in (fields | changes).items() if v is not ...}).encode()
