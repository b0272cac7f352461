"""Transactions of unknown users and merchants, where they have to be known."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec
import pytest

from feature_groups.names import Names
from processing.events import Profile
from processing.stream.engine import Engine
from processing.stream.known import Known
from processing.stream.records import Outgoing
from processing.stream.retry import Interrupted
from processing.stream.settings import StreamSettings
from processing.stream.store import Store
from tests.processing.builders import transaction
from tests.processing.stream.events import event


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path, map_size=1 << 28)
    yield store
    store.close()


def profiles(users: Iterable[str]) -> dict[str, Profile | None]:
    return {user: Profile() if user == "u1" else None for user in users}


def shops(merchants: Iterable[str]) -> dict[str, bool | None]:
    return {merchant: True if merchant == "m1" else None for merchant in merchants}


def engine(store: Store, *required: str) -> Engine:
    known = Known(frozenset(required), profiles, shops, store.merchants, threading.Event())
    return Engine(Names("test"), store, profiles, known)


def letters(outbox: Mapping[str, bytes]) -> list[dict[str, str]]:
    records = msgspec.msgpack.decode(outbox.get("dead-letters", b"\x90"), type=list[Outgoing])
    assert {record.stream for record in records} <= {"fraudline-test-dlq-incomplete"}
    return [json.loads(record.data) for record in records]


def test_an_unknown_user_or_merchant_is_a_dead_letter_that_says_what_to_do(store: Store) -> None:
    strangers = [
        transaction(1),
        transaction(2, user_id="u2"),
        transaction(3, merchant_id="m2"),
    ]
    commit = engine(store, "user", "merchant").apply([event(stranger) for stranger in strangers])
    found = letters(commit.outbox)
    assert [letter["field"] for letter in found] == ["user_id", "merchant_id"]
    assert "u2 is unknown: put its record into the feature group user-profile" in found[0]["error"]
    assert "FRAUDLINE_REQUIRE_KNOWN" in found[1]["error"]
    counters = commit.counters or {}
    assert (counters["read"], counters["accepted"], counters["incomplete"]) == (3, 1, 2)
    assert (counters["unknown_users"], counters["unknown_merchants"], counters["anomalies"]) == (1, 1, 3)
    assert list(commit.users) == ["u1"]
    assert len(commit.seen) == 1  # so that a replay is no duplicate


@pytest.mark.parametrize(("required", "refused"), [("user", "u2"), ("merchant", "m2")])
def test_only_those_have_to_be_known_that_the_setting_names(
    store: Store, required: str, refused: str
) -> None:
    strangers = [transaction(1, user_id="u2"), transaction(2, merchant_id="m2")]
    commit = engine(store, required).apply([event(stranger) for stranger in strangers])
    assert [letter["error"].split()[1] for letter in letters(commit.outbox)] == [refused]


def test_a_merchant_with_a_history_is_known(store: Store) -> None:
    store.commit(engine(store).apply([event(transaction(1, merchant_id="m2"))]))
    commit = engine(store, "merchant").apply([event(transaction(2, merchant_id="m2"))])
    assert letters(commit.outbox) == []


def test_nothing_is_refused_because_the_store_did_not_answer(store: Store) -> None:
    stop, asked = threading.Event(), 0

    def silent(_: Iterable[str]) -> dict[str, Profile | None]:
        nonlocal asked
        asked += 1
        if asked == 2:
            stop.set()
        return {}

    known = Known(frozenset({"user"}), silent, shops, store.merchants, stop)
    with pytest.raises(Interrupted):
        Engine(Names("test"), store, profiles, known).apply([event(transaction(1))])
    assert asked == 2


def test_the_setting_names_users_and_merchants_only() -> None:
    environ = {"FRAUDLINE_CONSUMER_STATE": "state", "FRAUDLINE_LAKE_BUCKET": "lake"}
    both = StreamSettings.from_environ({**environ, "FRAUDLINE_REQUIRE_KNOWN": "merchant, user"})
    assert both.require_known == {"user", "merchant"}
    assert StreamSettings.from_environ(environ).require_known == frozenset()
    with pytest.raises(ValueError, match="FRAUDLINE_REQUIRE_KNOWN is 'card': use one of user, merchant"):
        StreamSettings.from_environ({**environ, "FRAUDLINE_REQUIRE_KNOWN": "card"})
