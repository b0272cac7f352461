"""A batch over many entities does what the packed functions do, one event at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feature_groups import windows
from processing.stream.steps.entities import Entities
from processing.windows import (
    StateError,
    merchant_learn_fraud,
    merchant_query,
    merchant_update,
    user_last_time,
    user_query,
    user_update,
)
from tests.processing.builders import HOUR, NOW

NUMBER = st.integers(1, 5)
TIME = st.builds(lambda hours, ms: NOW + hours * HOUR + ms, st.integers(0, 900), st.integers(0, 2))
USED = st.tuples(st.sampled_from(["a", "b", "c"]), TIME, NUMBER, NUMBER, st.integers(0, 3), st.integers(0, 7))
PAID = st.tuples(st.sampled_from(["a", "b", "c"]), TIME, NUMBER)


def stored(states: dict[str, bytes]) -> Callable[[Iterable[str]], dict[str, bytes]]:
    return lambda ids: {entity: states[entity] for entity in ids if entity in states}


@pytest.fixture(autouse=True)
def small_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "EXACT_EVENTS", 4)


@settings(max_examples=50, deadline=None)
@given(st.lists(USED, max_size=6), st.lists(USED, min_size=1, max_size=20))
def test_users(before: list[tuple[str, ...]], events: list[tuple[str, ...]]) -> None:
    expected: dict[str, bytes] = {}
    for user, *event in before:
        expected[user] = _used(expected.get(user), event)
    applied = Entities("user", stored(dict(expected)), {"a"}).applied(
        [user for user, *_ in events], list(zip(*(event[1:] for event in events), strict=True))
    )
    for (user, *event), values, last in zip(events, applied.values, applied.lasts, strict=True):
        state, t_ms = expected.get(user), int(event[0])
        assert repr(values) == repr(user_query(state, t_ms))
        assert (None if last != last else last) == user_last_time(state, t_ms)
        expected[user] = _used(state, event)
    assert applied.states == {user: expected[user] for user, *_ in events}


@settings(max_examples=50, deadline=None)
@given(st.lists(PAID, max_size=6), st.lists(PAID, min_size=1, max_size=20))
def test_merchants(before: list[tuple[str, int, int]], events: list[tuple[str, int, int]]) -> None:
    expected: dict[str, bytes] = {}
    for merchant, t_ms, customer in before:
        expected[merchant] = merchant_update(expected.get(merchant), t_ms, customer)
        expected[merchant] = merchant_learn_fraud(expected[merchant], t_ms + 1)
    applied = Entities("merchant", stored(dict(expected)), {"a"}).applied(
        [merchant for merchant, *_ in events], list(zip(*(event[1:] for event in events), strict=True))
    )
    for (merchant, t_ms, customer), values in zip(events, applied.values, strict=True):
        assert repr(values) == repr(merchant_query(expected.get(merchant), t_ms))
        expected[merchant] = merchant_update(expected.get(merchant), t_ms, customer)
    assert applied.states == {merchant: expected[merchant] for merchant, *_ in events}


def test_a_state_that_cannot_be_read_is_an_error() -> None:
    users = Entities("user", stored({"a": b"nothing of the kind"}), {"a"})
    with pytest.raises(StateError):
        users.applied(["b", "a"], [[NOW, NOW], [1, 1], [1, 1], [0, 0], [0, 0]])


def _used(state: bytes | None, event: list[str]) -> bytes:
    t_ms, amount, merchant, device, mark = map(int, event)
    return user_update(state, t_ms, amount, merchant, device, mark >> 2, mark & 3)
