"""Records of decisions for the tests of their log."""

from __future__ import annotations

from typing import Any

import numpy as np

from feature_groups import FEATURE_NAMES
from inference.predictions import FeaturesAsOf, Prediction
from inference.reasons import Reason

DECIDED_AT = "2026-03-01T12:34:57.001Z"


def prediction(number: int, **changes: Any) -> Prediction:
    """Decision `number` of a model: features 0.5 + number, and one that is missing."""
    features = [number + 0.5] * len(FEATURE_NAMES)
    features[3] = float("nan")
    given: dict[str, Any] = {
        "transaction_id": f"t-{number}",
        "user_id": f"u-{number % 7}",
        "merchant_id": "m-1",
        "timestamp": "2026-03-01T12:34:56.789Z",
        "decided_at": DECIDED_AT,
        "decision": "review",
        "decided_by": "model",
        "fallback_reason": None,
        "fraud_probability": 0.41,
        "reasons": [
            Reason(FEATURE_NAMES[0], number + 0.5, 1.25, "many purchases: raises the risk"),
            Reason("channel", "atm", None, "cash"),
        ],
        "model_version": "7",
        "rules_version": "2026-11-1",
        "features_used": features,
        "features_as_of": FeaturesAsOf(None, "2026-03-01T12:33:56.789Z", None),
        "prediction_latency_ms": 1.5,
        "decision_id": f"d-{number:08d}",
        "amount": 123.45,
        "currency": "EUR",
        "rules_live": ["velocity"],
        "rules_shadow": ["night"],
        "signals": {"device_risk": 0.3, "email": "known", "address": None},
        "staleness_ms": 40.0,
        "contributions": np.linspace(-1, 1, len(FEATURE_NAMES), dtype="<f4").tobytes(),
        "review_threshold": 0.4,
        "decline_threshold": 0.9,
    }
    return Prediction(**given | changes)


def ids(records: list[Prediction]) -> list[str]:
    return [record.decision_id for record in records]
