"""Feature Store records: aggregates as of now, the packed state, and what becomes of a large one."""

from __future__ import annotations

import base64
import logging
from pathlib import Path

import pytest

from feature_groups import MERCHANT_FEATURES
from feature_groups.names import Names
from processing.stream.feature_records import FeatureRecords, merchant_entry, user_entry
from processing.stream.store import Commit, Store
from processing.windows import merchant_learn_fraud, merchant_update, merchant_update_many, user_update
from tests.processing.builders import NOW

SECOND = 1_000


def values(entry: dict[str, list[dict[str, str]]] | None) -> dict[str, str]:
    assert entry is not None
    return {value["FeatureName"]: value["ValueAsString"] for value in entry["Record"]}


def test_a_user_record_is_as_of_the_newest_transaction_and_leaves_out_what_is_missing() -> None:
    state = user_update(user_update(None, NOW - SECOND, 1_000, 1), NOW, 500, 2)
    record = values(user_entry("group", "u1", state, NOW + 1))
    assert (record["user_id"], record["event_time"]) == ("u1", "2026-03-01T12:34:56.790Z")
    assert record["user_transaction_count_1h"] == "2"
    assert record["user_amount_avg_1h"] == "7.5"
    assert "user_declined_count_1h" not in record
    assert base64.b64decode(record["state"]) == state


def test_a_merchant_far_above_the_cap_fits(caplog: pytest.LogCaptureFixture) -> None:
    count = 20_000  # two a second
    state = merchant_update_many(None, range(NOW, NOW + count * 500, 500), range(1, count + 1))
    record = values(merchant_entry("group", "m1", state, NOW))
    assert len(record["state"]) < 100_000
    assert record["merchant_transaction_count_30d"] == str(count)
    assert not caplog.records


def test_a_state_that_fits_no_record_is_left_out_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    count = 16_000  # a hundred a second
    state = merchant_update_many(None, range(NOW, NOW + count * 10, 10), range(1, count + 1))
    with caplog.at_level(logging.ERROR):
        record = values(merchant_entry("group", "m1", state, NOW))
    assert "state" not in record
    assert {feature.name for feature in MERCHANT_FEATURES} >= record.keys() - {"merchant_id", "event_time"}
    assert "merchant m1: its state of" in caplog.text


def test_an_entity_that_was_dropped_has_no_record(tmp_path: Path) -> None:
    store = Store(tmp_path, map_size=1 << 26)
    store.commit(Commit(users={"u1": user_update(None, NOW, 100, 1)}))
    records = FeatureRecords(Names("test"), store)
    assert records.entry(b"uu1") is not None
    assert records.entry(b"uu2") is None
    assert records.entry(b"mu1") is None
    store.close()


def test_each_new_state_has_a_greater_event_time(tmp_path: Path) -> None:
    """Or the online store, which takes what is newer only, would keep the old one."""
    store = Store(tmp_path, map_size=1 << 26)
    records = FeatureRecords(Names("test"), store)
    user = merchant = None
    seen: list[tuple[str, str]] = []

    def commit() -> None:
        store.commit(Commit(users={"u1": user}, merchants={"m1": merchant}))  # type: ignore[dict-item]
        seen.append(tuple(values(records.entry(key))["event_time"][17:-1] for key in (b"uu1", b"mm1")))  # type: ignore[arg-type]

    # The newest, one at the same moment, one that comes late, and the next one, a millisecond later.
    for t_ms in (NOW, NOW, NOW - SECOND, NOW + 1, NOW + SECOND):
        user, merchant = user_update(user, t_ms, 100, 1), merchant_update(merchant, t_ms, 1)
        commit()
    merchant = merchant_learn_fraud(merchant, NOW - SECOND)
    commit()
    assert seen == [
        ("56.789", "56.789"),
        ("56.790", "56.790"),
        ("56.791", "56.791"),
        ("56.792", "56.792"),
        ("57.789", "57.789"),
        ("57.790", "57.790"),
    ]
    store.close()
    reopened = Store(tmp_path, map_size=1 << 26)
    assert reopened.record(b"mm1") == (merchant, NOW + SECOND + 1)
    reopened.close()
