"""Without features or a model the rules decide, within the budget, and say why."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.inference.running import Server, Store

BUDGET_MS = 80


@pytest.fixture(scope="module")
def quick(bundle_dir: Path, store: Store) -> Iterator[Server]:
    running = Server(bundle_dir, store.url, {"FRAUDLINE_READ_BUDGET_MS": str(BUDGET_MS)}).start()
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def healed(store: Store) -> Iterator[None]:
    answer = store.answer
    yield
    store.delay, store.status, store.answer = 0.0, 200, answer


def _assert_rules(answer: dict[str, Any], reason: str) -> None:
    assert answer["decided_by"] == "rules"
    assert reason in answer["fallback_reason"]
    assert (answer["score"], answer["features_as_of"]) == (None, None)
    assert answer["rules_version"]


def test_a_hung_store(quick: Server, store: Store) -> None:
    store.delay = 2.0
    started = time.perf_counter()
    answer = quick.decide(amount=9000)
    assert time.perf_counter() - started < 0.2
    _assert_rules(answer, "the feature store")
    assert answer["decision"] == "review"
    assert answer["reasons"][0]["feature"] == "amount"
    assert answer["reasons"][0]["contribution"] is None


def test_a_store_that_fails(quick: Server, store: Store) -> None:
    store.status = 500
    _assert_rules(quick.decide(), "refused")


def test_a_missing_feature_group(quick: Server, store: Store) -> None:
    error = {"FeatureGroupName": "g", "RecordIdentifierValueAsString": "u", "ErrorMessage": "m"}
    store.answer = {
        "Records": [],
        "Errors": [error | {"ErrorCode": "ResourceNotFound"}],
        "UnprocessedIdentifiers": [],
    }
    _assert_rules(quick.decide(), "ResourceNotFound")


def test_records_left_unread(quick: Server, store: Store) -> None:
    left = [{"FeatureGroupName": "g", "RecordIdentifiersValueAsString": ["u"]}]
    store.answer = {"Records": [], "Errors": [], "UnprocessedIdentifiers": left}
    _assert_rules(quick.decide(), "unread")


@pytest.mark.parametrize("state", ["", "!!!", "AAAA", "AAECAwQFBgc="])
def test_an_unreadable_state(quick: Server, store: Store, state: str) -> None:
    values = [
        {"FeatureName": "event_time", "ValueAsString": "2026-03-01T00:00:00Z"},
        {"FeatureName": "state", "ValueAsString": state},
    ]
    record = {
        "FeatureGroupName": "fraudline-dev-user-activity",
        "RecordIdentifierValueAsString": "u-1",
        "Record": values,
    }
    store.answer = {"Records": [record], "Errors": [], "UnprocessedIdentifiers": []}
    _assert_rules(quick.decide(), "unreadable")


def test_the_model_decides_again_once_the_store_is_back(quick: Server, store: Store) -> None:
    store.delay = 0.5
    quick.decide()
    store.delay = 0.0
    assert quick.decide()["decided_by"] == "model"


def test_a_store_that_is_not_there(bundle_dir: Path) -> None:
    server = Server(bundle_dir, "http://127.0.0.1:9").start()
    try:
        answer = server.decide(amount=20)
    finally:
        server.stop()
    _assert_rules(answer, "the feature store failed")
    assert answer["decision"] == "approve"


def test_no_model_means_rules_with_features(store: Store, tmp_path: Path) -> None:
    server = Server(tmp_path / "absent", store.url, {"FRAUDLINE_MODEL_VERSION": ""}).start()
    try:
        answer = server.decide(amount=600)
    finally:
        server.stop()
    assert (answer["decided_by"], answer["fallback_reason"]) == ("rules", "no model is deployed")
    assert answer["model_version"] is None
    assert answer["features_as_of"]["merchant"] is not None
    assert answer["decision"] == "approve"
