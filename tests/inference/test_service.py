"""Decisions without a server around them: what breaks leaves the caller with a decision."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest

from feature_groups import FEATURE_NAMES
from inference import bundle, policy
from inference.answers import Answer
from inference.deciding import MOST_AT_ONCE, Decider
from inference.decision_log import DecisionLogError
from inference.ids import DecisionIds
from inference.predictions import Prediction, contributions, encode
from inference.scoring.model import Model
from inference.service import DecisionService
from inference.settings import DEFAULT_POLICY
from inference.stores import Records
from processing.events import Transaction
from processing.events.moments import iso
from processing.features import vector
from tests.inference.running import history
from tests.processing.builders import transaction


class _Log:
    """Keeps what is recorded, or refuses it."""

    def __init__(self) -> None:
        self.kept: list[Prediction] = []
        self.calls: list[int] = []
        self.full = False

    def append(self, records: Sequence[Prediction]) -> None:
        if self.full:
            raise DecisionLogError("the disk is full")
        self.calls.append(len(records))
        self.kept += records


class _Reader:
    """Answers with the records of one user and merchant, at once or after a moment."""

    def __init__(self, at_once: bool = True) -> None:
        profile, user, merchant = history()
        self._records = Records(profile, user, merchant, "p", "u", "m", 5.0)
        self._at_once = at_once

    def read_now(self, user_id: str, merchant_id: str) -> Records | None:  # noqa: ARG002 - the protocol's
        return self._records if self._at_once else None

    async def read(self, user_id: str, merchant_id: str) -> Records:  # noqa: ARG002 - the protocol's
        await asyncio.sleep(0)
        return self._records


def _model(bundle_dir: Path) -> Model:
    loaded = bundle.load(bundle_dir)
    assert loaded is not None
    return Model(loaded, "7")


def _service(
    model: Model | None, log: _Log, *, at_once: bool = True, budget_s: float = 60.0
) -> DecisionService:
    decider = Decider(policy.load(DEFAULT_POLICY), model, "7", log, DecisionIds(), budget_s=budget_s)
    return DecisionService(_Reader(at_once), decider, read_budget_s=5)


def _decide(service: DecisionService, *asked: Transaction, age_s: float = 0.0) -> list[Answer]:
    async def run() -> list[Answer]:
        started = time.perf_counter() - age_s
        return await asyncio.gather(*(service.decide(one, started) for one in asked))

    return asyncio.run(run())


def test_features_that_cannot_be_computed_leave_the_decision_to_the_rules(
    bundle_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = _Log()
    service = _service(_model(bundle_dir), kept)
    asked = transaction(amount_minor=300_000)
    assert _decide(service, asked)[0].decided_by == "model"

    def broken(*_: object) -> list[float]:
        raise ZeroDivisionError

    monkeypatch.setattr("processing.features.vector_into", broken)
    (answer,) = _decide(service, asked)
    assert (answer.decided_by, answer.decision) == ("rules", "review")
    assert answer.fallback_reason == "computing the features failed: ZeroDivisionError"
    assert answer.reasons[0].feature == "amount"
    assert [prediction.decided_by for prediction in kept.kept] == ["model", "rules"]
    assert kept.kept[1].features_used is None


@pytest.mark.parametrize("probability", [math.nan, math.inf, -0.1, 1.5])
def test_a_score_that_is_no_probability_leaves_the_decision_to_the_rules(
    bundle_dir: Path, monkeypatch: pytest.MonkeyPatch, probability: float
) -> None:
    model, kept = _model(bundle_dir), _Log()
    score = model.score

    def nonsense(matrix: object) -> object:
        scores = score(matrix)  # type: ignore[arg-type]
        scores.probabilities[1] = probability
        return scores

    monkeypatch.setattr(model, "score", nonsense)
    asked = [transaction(transaction_id=f"t-{n}") for n in range(3)]
    answers = _decide(_service(model, kept), *asked)
    assert [answer.decided_by for answer in answers] == ["model", "rules", "model"]
    assert answers[1].fallback_reason == "the model answered with a number that is not a probability"


def test_a_request_that_waited_too_long_is_decided_by_the_rules(bundle_dir: Path) -> None:
    service = _service(_model(bundle_dir), _Log(), budget_s=0.1)
    (answer,) = _decide(service, transaction(), age_s=0.15)
    assert answer.decided_by == "rules"
    assert "no time was left for the model" in (answer.fallback_reason or "")


@pytest.mark.parametrize("at_once", [True, False])
def test_those_that_wait_are_decided_and_recorded_together(bundle_dir: Path, at_once: bool) -> None:
    model, kept = _model(bundle_dir), _Log()
    asked = [transaction(transaction_id=f"t-{n}", amount_minor=100 + n) for n in range(MOST_AT_ONCE + 5)]
    answers = _decide(_service(model, kept, at_once=at_once), *asked)
    assert kept.calls == [MOST_AT_ONCE, 5]
    assert [answer.transaction_id for answer in answers] == [one.transaction_id for one in asked]
    assert len({answer.decision_id for answer in answers}) == len(asked)
    for one, answer in zip(asked, answers, strict=True):
        (alone,) = _decide(_service(model, _Log()), one)
        assert (answer.score, answer.reasons) == (alone.score, alone.reasons)
        assert answer.staleness_ms == 5.0


def test_what_cannot_be_recorded_is_not_answered(bundle_dir: Path) -> None:
    kept = _Log()
    service = _service(_model(bundle_dir), kept)
    kept.full = True
    with pytest.raises(DecisionLogError, match="disk is full"):
        _decide(service, transaction())
    kept.full = False
    assert _decide(service, transaction())[0].decided_by == "model"
    assert service.pending == 0


def test_every_decision_is_recorded_with_the_features_it_was_made_on(bundle_dir: Path) -> None:
    kept = _Log()
    asked = transaction(amount_minor=1_250, lat=None, lon=None)
    for model in (_model(bundle_dir), None):
        (answer,) = _decide(_service(model, kept), asked)
        last = kept.kept[-1]
        record = json.loads(encode(last))
        profile, user, merchant = history()
        expected = [None if math.isnan(v) else v for v in vector(asked, profile, user, merchant)]
        assert record["features_used"] == dict(zip(FEATURE_NAMES, expected, strict=True))
        assert record["features_used"]["distance_from_home_km"] is None
        assert record["features_as_of"] == {"profile": "p", "user": "u", "merchant": "m"}
        assert record["timestamp"] == iso(asked.timestamp_ms)
        assert abs(datetime.fromisoformat(record["decided_at"]).timestamp() - time.time()) < 60
        assert (record["decision"], record["fraud_probability"]) == (answer.decision, answer.score)
        assert (record["user_id"], record["merchant_id"]) == (asked.user_id, asked.merchant_id)
        assert (record["amount"], record["currency"]) == (12.5, asked.currency)
        assert (record["decided_by"] == "model") == (model is not None)
        assert record["prediction_latency_ms"] == answer.latency_ms
        assert record["decision_id"] == answer.decision_id
        told = contributions(last)
        assert (told is None) == (model is None)
        if told is not None:
            by_name = dict(zip(FEATURE_NAMES, told, strict=True))
            assert all(by_name[reason.feature] == reason.contribution for reason in answer.reasons)
