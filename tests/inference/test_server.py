"""Decisions of a real server process."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path

import pytest
import xgboost

from feature_groups import FEATURE_NAMES
from inference.server.formats import MAX_RECORD_BYTES
from processing.events import decode_transaction
from processing.features import vector
from tests.inference.running import GOOD, NOW_MS, Server, Store, history


def test_ping(server: Server) -> None:
    assert server.request("GET", "/ping") == (200, None)


def test_an_answer_is_that_of_the_model_on_the_shared_features(server: Server, bundle_dir: Path) -> None:
    answer = server.decide()
    transaction = decode_transaction(json.dumps(GOOD).encode(), NOW_MS, replay=True)
    expected = vector(transaction, *history())
    booster = xgboost.Booster(model_file=bundle_dir / "model.ubj")
    matrix = xgboost.DMatrix([expected], feature_names=list(FEATURE_NAMES))
    shap = booster.predict(matrix, pred_contribs=True)[0]
    assert answer["score"] == pytest.approx(float(booster.predict(matrix)[0]), abs=1e-6)
    assert 1 / (1 + math.exp(-shap.sum())) == pytest.approx(answer["score"], abs=1e-6)
    strongest = sorted(range(len(FEATURE_NAMES)), key=lambda index: -abs(shap[index]))[:5]
    assert [reason["feature"] for reason in answer["reasons"]] == [FEATURE_NAMES[i] for i in strongest]
    for reason, index in zip(answer["reasons"], strongest, strict=True):
        assert reason["contribution"] == pytest.approx(float(shap[index]), abs=1e-6)
        value = expected[index]
        assert reason["value"] == (None if math.isnan(value) else pytest.approx(value))
        assert reason["text"]
    assert answer["decided_by"] == "model"
    assert answer["fallback_reason"] is None
    assert answer["model_version"] == "7"
    assert answer["transaction_id"] == "t-1"
    assert answer["latency_ms"] > 0
    assert answer["features_as_of"]["user"] == "2026-03-01T12:33:56.789Z"


def test_one_read_serves_a_decision_and_asks_for_what_is_needed(server: Server, store: Store) -> None:
    store.requests.clear()
    server.decide(user_id="someone", merchant_id="somewhere")
    (request,) = store.requests
    asked = {item["FeatureGroupName"]: item for item in request["Identifiers"]}
    assert {name: item["RecordIdentifiersValueAsString"] for name, item in asked.items()} == {
        "fraudline-dev-user-profile": ["someone"],
        "fraudline-dev-user-activity": ["someone"],
        "fraudline-dev-merchant": ["somewhere"],
    }
    assert asked["fraudline-dev-user-activity"]["FeatureNames"] == ["state", "event_time"]


def test_a_user_and_merchant_never_seen_are_decided_by_the_model(server: Server, store: Store) -> None:
    stored = store.answer
    store.answer = {"Records": [], "Errors": [], "UnprocessedIdentifiers": []}
    try:
        answer = server.decide()
    finally:
        store.answer = stored
    assert answer["decided_by"] == "model"
    assert answer["features_as_of"] == {"profile": None, "user": None, "merchant": None}


def test_optional_fields_may_be_absent_or_null(server: Server) -> None:
    optional = dict.fromkeys(("location", "country", "device", "channel"))
    assert server.decide(**optional)["decided_by"] == "model"


def test_the_largest_body_that_is_allowed(server: Server) -> None:
    padded = json.dumps(GOOD).encode().ljust(MAX_RECORD_BYTES)
    assert server.request("POST", "/invocations", padded)[0] == 200


def test_a_charset_parameter_is_fine(server: Server) -> None:
    body = json.dumps(GOOD).encode()
    assert server.request("POST", "/invocations", body, "Application/JSON; charset=utf-8")[0] == 200


def test_answers_are_fast(server: Server) -> None:
    """Far above what it takes, so that only a mistake of kind fails: a lost keep-alive, a blocked loop."""
    started = time.perf_counter()
    for _ in range(50):
        server.decide()
    assert (time.perf_counter() - started) / 50 < 0.1


def test_without_replay_an_old_transaction_is_refused(bundle_dir: Path, store: Store) -> None:
    server = Server(bundle_dir, store.url, {"FRAUDLINE_REPLAY": "0"}).start()
    try:
        status, answer = server.request("POST", "/invocations", json.dumps(GOOD).encode())
    finally:
        server.stop()
    assert status == 422
    assert answer["error"]["field"] == "timestamp"


def test_nothing_personal_is_logged(bundle_dir: Path, store: Store) -> None:
    server = Server(bundle_dir, store.url).start()
    personal = {"user_id": "jane-doe", "device": "janes-phone", "transaction_id": "jane-1"}
    server.decide(**personal)
    server.request("POST", "/invocations", json.dumps(GOOD | personal | {"amount": -77}).encode())
    store.status, status = 500, store.status
    try:
        server.decide(**personal)
    finally:
        store.status = status
        server.stop()
    lines = [json.loads(line) for line in server.output.splitlines()]
    assert any(line["message"] == "rules decide" for line in lines)
    assert "jane" not in server.output
    assert "77" not in [line["message"] for line in lines]
