"""Histories that ended long ago are released, and nobody can tell."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feature_groups.names import Names
from processing.stream.engine import Engine
from processing.stream.release import SLACK_MS, released_merchant, released_user
from processing.stream.store import Commit, Release, Store
from processing.windows import (
    MEMORY_MS,
    RETENTION_MS,
    merchant_latest_time,
    merchant_learn_fraud,
    merchant_query,
    merchant_update,
    user_last_time,
    user_latest_time,
    user_query,
    user_update,
)
from tests.processing.builders import DAY, HOUR, NOW, transaction
from tests.processing.stream.events import event

EVENTS = st.lists(
    st.tuples(st.integers(0, 3 * HOUR), st.integers(1, 9), st.integers(0, 3)), min_size=1, max_size=12
)
OLD = NOW + RETENTION_MS + SLACK_MS + 3 * HOUR + 1


@settings(max_examples=60, deadline=None)
@given(EVENTS, st.integers(0, 2 * DAY))
def test_a_released_user_answers_and_goes_on_as_before(
    events: list[tuple[int, int, int]], later: int
) -> None:
    state: bytes | None = None
    for after, merchant, device in events:
        state = user_update(state, NOW + after, 100, merchant, device)
    assert state is not None
    small = released_user(state, OLD)
    assert small is not None
    assert len(small) < len(state)
    t_ms = OLD - SLACK_MS + later
    assert repr(user_query(small, t_ms)) == repr(user_query(state, t_ms))
    assert user_last_time(small, t_ms) == user_last_time(state, t_ms)
    assert user_latest_time(small) == user_latest_time(state)  # so that it has a record in a new store
    assert user_update(small, t_ms, 5, 6, 7) == user_update(state, t_ms, 5, 6, 7)
    assert released_user(small, OLD) == small


@settings(max_examples=60, deadline=None)
@given(EVENTS, st.lists(st.integers(0, 60 * DAY), max_size=4), st.integers(0, 2 * DAY))
def test_a_released_merchant_answers_and_goes_on_as_before(
    events: list[tuple[int, int, int]], frauds: list[int], later: int
) -> None:
    state: bytes | None = None
    for after, customer, _ in events:
        state = merchant_update(state, NOW + after, customer)
    for after in frauds:
        state = merchant_learn_fraud(state, NOW + after)
    assert state is not None
    small = released_merchant(state, OLD)
    assert (small is None) == (not frauds)
    assert (merchant_latest_time(small) is None) == (not frauds)
    t_ms = OLD - SLACK_MS + later
    assert repr(merchant_query(small, t_ms)) == repr(merchant_query(state, t_ms))
    assert merchant_update(small, t_ms, 5) == merchant_update(state, t_ms, 5)


def test_a_history_that_may_still_count_is_kept() -> None:
    state = user_update(None, NOW, 100, 1, 1)
    shop = merchant_update(None, NOW, 1)
    assert released_user(state, NOW + RETENTION_MS + SLACK_MS) == state
    assert released_merchant(shop, NOW + RETENTION_MS + SLACK_MS) == shop


def test_a_user_is_forgotten_when_nothing_of_it_can_count_any_more() -> None:
    state = user_update(None, NOW, 100, 1, 1)
    small = released_user(state, OLD)
    assert small is not None
    newest_ms = NOW + MEMORY_MS + SLACK_MS + 1
    assert released_user(small, newest_ms - 1) == small
    assert released_user(small, newest_ms) is None
    t_ms = newest_ms - SLACK_MS  # the oldest that may still come
    assert user_last_time(state, t_ms) is None
    assert user_last_time(state, t_ms - 1) == NOW
    back, new = (user_update(before, t_ms, 5, 6, 7) for before in (state, None))
    assert repr(user_query(back, t_ms + 1)) == repr(user_query(new, t_ms + 1))


def test_the_store_does_not_grow_as_time_goes_on(tmp_path: Path) -> None:
    """A new user and merchant for every transaction, 2 hours apart, for two years."""
    store = Store(tmp_path, map_size=1 << 28)
    engine = Engine(Names("test"), store, dict.fromkeys)
    users, sizes = [f"u{n}" for n in range(9_000)], []
    for start in range(0, 9_000, 100):
        events = [
            event(
                transaction(n, NOW + n * 2 * HOUR, user_id=f"u{n}", merchant_id=f"m{n}"),
                NOW + n * 2 * HOUR,
            )
            for n in range(start, start + 100)
        ]
        number = store.commit(engine.apply(events))
        store.commit(Commit(published=dict.fromkeys(store.dirty(), number)))
        sizes.append(len(store.users(users)))
    assert sizes[9] == 1_000
    kept = 92 * 12  # users of the last 91 days and a little; a round of the table takes as long again
    assert max(sizes) < 2 * kept
    assert len(store.merchants(f"m{n}" for n in range(9_000))) < kept
    store.close()


def test_what_the_feature_store_lacks_is_not_released(tmp_path: Path) -> None:
    store = Store(tmp_path, map_size=1 << 28)
    state = user_update(None, NOW, 100, 1, 1)
    number = store.commit(Commit(users={"u1": state}))
    ages = {"u2": user_update(None, OLD, 100, 1, 1)}
    store.commit(Commit(users=ages, newest_event_ms=OLD))
    assert store.user("u1") == state
    store.commit(Commit(users=ages, published={b"uu1": number}))
    for _ in range(3):  # one state is looked at in each
        store.commit(Commit(users=ages))
    assert store.user("u1") == released_user(state, OLD)
    store.close()


@pytest.mark.parametrize("release", [released_user, released_merchant])
def test_a_state_of_another_version_is_left_alone(release: Release) -> None:
    assert release(b"\x01rest", OLD) == b"\x01rest"


def test_a_report_that_comes_after_the_release_is_newer_than_the_record(tmp_path: Path) -> None:
    """Delivered a month late, about a merchant whose history has been shrunk or dropped meanwhile."""
    store = Store(tmp_path, map_size=1 << 28)
    shop = merchant_update(None, NOW, 1)
    suspect = merchant_learn_fraud(merchant_update(None, NOW, 1), NOW - DAY)
    number = store.commit(Commit(merchants={"m1": shop, "m2": suspect}, newest_event_ms=NOW))
    published = {key: store.record(key) for key in (b"mm1", b"mm2")}
    store.commit(Commit(published=dict.fromkeys(published, number)))
    for _ in range(3):  # a state or two are looked at in each
        store.commit(Commit(merchants={"m9": merchant_update(None, OLD, 1)}, newest_event_ms=OLD))
    assert store.merchant("m1") is None
    small = store.merchant("m2")
    assert small is not None
    assert len(small) < len(suspect)
    late = {"m1": merchant_learn_fraud(None, NOW - HOUR), "m2": merchant_learn_fraud(small, NOW - HOUR)}
    store.commit(Commit(merchants=late))
    for key, before in published.items():
        now = store.record(key)
        assert before is not None
        assert now is not None
        assert now[1] > before[1]
    store.close()
