"""One decision without a server around it: what breaks in it leaves the caller with a decision."""

from __future__ import annotations

import asyncio
import json
import math
import time
from datetime import datetime
from pathlib import Path

import pytest

from feature_groups import FEATURE_NAMES
from inference import bundle, rules, service
from inference.feature_store import Records
from inference.model import Model
from inference.predictions import Prediction, encode
from inference.settings import DEFAULT_RULES
from processing.events.moments import iso
from processing.features import vector
from tests.inference.running import history
from tests.processing.builders import transaction


class _Log:
    """Keeps what is recorded."""

    def __init__(self) -> None:
        self.kept: list[Prediction] = []

    def put(self, prediction: Prediction) -> None:
        self.kept.append(prediction)


class _Reader:
    """Answers with the records of one user and merchant."""

    async def read(self, user_id: str, merchant_id: str) -> Records:  # noqa: ARG002 - the protocol's
        profile, user, merchant = history()
        return Records(profile, user, merchant, "p", "u", "m")


def test_features_that_cannot_be_computed_leave_the_decision_to_the_rules(
    bundle_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = bundle.load(bundle_dir)
    assert loaded is not None
    kept = _Log()
    deciding = service.DecisionService(
        _Reader(), rules.RuleEngine(rules.load(DEFAULT_RULES)), Model(loaded), "7", kept, read_budget_s=5
    )
    asked = transaction(amount_minor=300_000)
    assert asyncio.run(deciding.decide(asked, time.perf_counter())).decided_by == "model"

    def broken(*_: object) -> list[float]:
        raise ZeroDivisionError

    monkeypatch.setattr("processing.features.vector", broken)
    answer = asyncio.run(deciding.decide(asked, time.perf_counter()))
    assert (answer.decided_by, answer.decision) == ("rules", "review")
    assert answer.fallback_reason == "computing the features failed: ZeroDivisionError"
    assert answer.reasons[0].feature == "amount"
    assert [prediction.decided_by for prediction in kept.kept] == ["model", "rules"]
    assert kept.kept[1].features_used is None


def test_every_decision_is_recorded_with_the_features_it_was_made_on(bundle_dir: Path) -> None:
    loaded = bundle.load(bundle_dir)
    assert loaded is not None
    kept = _Log()
    engine = rules.RuleEngine(rules.load(DEFAULT_RULES))
    asked = transaction(amount_minor=1_250, lat=None, lon=None)
    for model in (Model(loaded), None):
        deciding = service.DecisionService(_Reader(), engine, model, "7", kept, read_budget_s=5)
        answer = asyncio.run(deciding.decide(asked, time.perf_counter()))
        record = json.loads(encode(kept.kept[-1]))
        profile, user, merchant = history()
        expected = [None if math.isnan(v) else v for v in vector(asked, profile, user, merchant)]
        assert record["features_used"] == dict(zip(FEATURE_NAMES, expected, strict=True))
        assert record["features_used"]["distance_from_home_km"] is None
        assert record["features_as_of"] == {"profile": "p", "user": "u", "merchant": "m"}
        assert record["timestamp"] == iso(asked.timestamp_ms)
        assert abs(datetime.fromisoformat(record["decided_at"]).timestamp() - time.time()) < 60
        assert (record["decision"], record["fraud_probability"]) == (answer.decision, answer.score)
        assert (record["user_id"], record["merchant_id"]) == (asked.user_id, asked.merchant_id)
        assert (record["decided_by"] == "model") == (model is not None)
        assert record["prediction_latency_ms"] == answer.latency_ms
