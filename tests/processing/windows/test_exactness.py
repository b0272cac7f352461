"""The kernel's states give the brute-force answer, bit for bit, whatever the log."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from processing.windows import MEMORY_MS, MerchantState, UserState, merchant_update_many, user_update_many
from tests.processing.windows import oracle
from tests.processing.windows.logs import Log, Row, exact_events, hot, merchant_event, user_event
from tests.processing.windows.strategies import CAPS, QUESTIONS, logs

T = TypeVar("T")
thoroughly = settings(max_examples=100, deadline=None)


def exactly(values: Sequence[float]) -> list[str]:
    """Every bit of every value; all missing values are alike."""
    return [float(value).hex() for value in values]


def user_of(rows: Sequence[Row]) -> UserState:
    state = UserState()
    for row in rows:
        state.update(*user_event(row))
    return state


def merchant_of(rows: Sequence[Row], frauds: Sequence[int] = ()) -> MerchantState:
    state = MerchantState()
    for row in rows:
        state.update(*merchant_event(row))
    for known in frauds:
        state.learn_fraud(known)
    return state


def shuffled(items: Sequence[T], random: Random) -> list[T]:
    return random.sample(items, len(items))


@thoroughly
@given(logs(), CAPS, st.lists(QUESTIONS, max_size=4), st.integers(0, 40))
def test_user_aggregates_equal_brute_force(log: Log, cap: int, questions: list[int], restart: int) -> None:
    with exact_events(cap):
        state = UserState()
        for n, row in enumerate(log.rows):
            if n == restart:
                state = UserState.decode(state.encode())
            assert exactly(state.query(row.t)) == exactly(oracle.user(log.rows[:n], row.t, cap))
            state.update(*user_event(row))
        latest = max(row.t for row in log.rows)
        assert state.latest_time == latest
        for t in [latest + question for question in questions]:
            assert exactly(state.query(t)) == exactly(oracle.user(log.rows, t, cap))
            assert state.last_time(t) == max(
                (row.t for row in log.rows if 0 < t - row.t <= MEMORY_MS), default=None
            )


@thoroughly
@given(logs(), CAPS, st.lists(QUESTIONS, max_size=4), st.integers(0, 40))
def test_merchant_aggregates_equal_brute_force(
    log: Log, cap: int, questions: list[int], restart: int
) -> None:
    with exact_events(cap):
        state, frauds = MerchantState(), list[int]()
        for n, row in enumerate(log.rows):
            if n == restart:
                state = MerchantState.decode(state.encode())
            assert exactly(state.query(row.t)) == exactly(oracle.merchant(log.rows[:n], frauds, row.t, cap))
            state.update(*merchant_event(row))
            for known in [known for transaction, known in log.frauds if transaction == row.transaction_id]:
                frauds.append(known)
                state.learn_fraud(known)
        latest = max(row.t for row in log.rows)
        assert state.latest_time == max([latest, *frauds])
        for t in [latest + question for question in questions]:
            assert exactly(state.query(t)) == exactly(oracle.merchant(log.rows, frauds, t, cap))


@thoroughly
@given(logs(), CAPS)
def test_the_same_transactions_within_the_lateness_give_the_same_bytes(log: Log, cap: int) -> None:
    in_order = sorted(log.rows, key=lambda row: row.t)
    with exact_events(cap):
        assert user_of(log.rows).encode() == user_of(in_order).encode()
        assert merchant_of(log.rows).encode() == merchant_of(in_order).encode()


@thoroughly
@given(logs(), CAPS, st.randoms(use_true_random=False))
def test_no_order_changes_the_bytes_of_a_merchant_nor_of_a_user_below_the_cap(
    log: Log, cap: int, random: Random
) -> None:
    rows, frauds = shuffled(log.rows, random), [known for _, known in log.frauds]
    assert user_of(rows).encode() == user_of(log.rows).encode()
    with exact_events(cap):
        assert merchant_of(rows, shuffled(frauds, random)).encode() == merchant_of(log.rows, frauds).encode()


@thoroughly
@given(logs(), CAPS, st.integers(0, 40))
def test_many_at_once_are_one_after_another(log: Log, cap: int, split: int) -> None:
    split %= len(log.rows)
    with exact_events(cap):
        user = user_of(log.rows[:split]).encode()
        user = user_update_many(user, *zip(*map(user_event, log.rows[split:]), strict=True))
        merchant = merchant_of(log.rows[:split]).encode()
        merchant = merchant_update_many(merchant, *zip(*map(merchant_event, log.rows[split:]), strict=True))
        assert user == user_of(log.rows).encode()
        assert merchant == merchant_of(log.rows).encode()


def test_beyond_the_declared_cap_a_hot_user_and_merchant_stay_exact_and_bounded() -> None:
    log = hot()
    user_rows = [row for row in log.rows if row.user == "hot-u0"]
    merchant_rows = [row for row in log.rows if row.merchant == "hot-m0"]
    user, merchant = UserState(), MerchantState()
    for n, row in enumerate(user_rows):
        if n % 60 == 59:
            assert exactly(user.query(row.t)) == exactly(oracle.user(user_rows[:n], row.t))
        user.update(*user_event(row))
    for n, row in enumerate(merchant_rows):
        if n % 50 == 49:
            assert exactly(merchant.query(row.t)) == exactly(oracle.merchant(merchant_rows[:n], [], row.t))
        merchant.update(*merchant_event(row))
    assert len(user.times) < len(user_rows) - 100
    assert len(merchant.times) < len(merchant_rows) - 100
