"""Sliding, scanned and decoded states give the brute-force answer, bit for bit."""

from __future__ import annotations

import struct
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from processing.windows import LATENESS_MS, MerchantState, UserState
from processing.windows.merchant_scan import scan as scan_merchant
from processing.windows.user_scan import scan as scan_user
from tests.processing.windows import oracle
from tests.processing.windows.strategies import QUESTIONS, histories


def bits(values: list[float]) -> bytes:
    return struct.pack(f"<{len(values)}d", *values)


def update_user(state: UserState, e: dict[str, Any]) -> None:
    state.update(e["t"], e["amount"], e["merchant"], e["device"], e["country"], e["status"])


@settings(max_examples=300, deadline=None)
@given(histories(), st.lists(QUESTIONS, max_size=4), st.integers(0, 40))
def test_user_aggregates_equal_brute_force(
    history: list[dict[str, Any]], questions: list[int], restart: int
) -> None:
    state = UserState()
    for n, event in enumerate(history):
        if n == restart:
            state = UserState.decode(state.encode())
        assert bits(state.query(event["t"])) == bits(oracle.user(history[:n], event["t"]))
        update_user(state, event)
    latest = max(e["t"] for e in history)
    decoded = UserState.decode(state.encode())
    for question in questions:
        t = latest + question
        expected = bits(oracle.user(history, t))
        assert bits(state.query(t)) == expected
        assert bits(scan_user(state, t)) == expected
        assert bits(decoded.query(t)) == expected
        past = [e["t"] for e in history if e["t"] < t]
        assert state.last_time(t) == decoded.last_time(t) == max(past, default=None)


@settings(max_examples=300, deadline=None)
@given(
    histories(),
    st.lists(st.tuples(st.integers(0, 39), st.integers(-(10**9), 10**9)), max_size=6),
    st.lists(QUESTIONS, max_size=4),
    st.integers(0, 40),
)
def test_merchant_aggregates_equal_brute_force(
    history: list[dict[str, Any]], labels: list[tuple[int, int]], questions: list[int], restart: int
) -> None:
    state, frauds = MerchantState(), list[int]()
    for n, event in enumerate(history):
        if n == restart:
            state = MerchantState.decode(state.encode())
        expected = oracle.merchant(history[:n], frauds, event["t"])
        assert bits(state.query(event["t"])) == bits(expected)
        state.update(event["t"], event["customer"])
        for at, delay in labels:
            if at == n:
                frauds.append(event["t"] + delay)
                state.learn_fraud(event["t"] + delay)
    latest = max(e["t"] for e in history)
    decoded = MerchantState.decode(state.encode())
    for question in questions:
        t = latest + question
        expected = oracle.merchant(history, frauds, t)
        assert bits(state.query(t)) == bits(expected)
        assert bits(scan_merchant(state, t)) == bits(expected)
        assert bits(decoded.query(t)) == bits(expected)


@settings(max_examples=100, deadline=None)
@given(histories(), st.randoms(use_true_random=False))
def test_order_among_equal_times_does_not_matter(history: list[dict[str, Any]], random: Any) -> None:
    latest = max(e["t"] for e in history)
    recent = [e for e in history if e["t"] >= latest - LATENESS_MS]
    shuffled = random.sample(recent, len(recent))
    older = [e for e in history if e["t"] < latest - LATENESS_MS]
    one, other = UserState(), UserState()
    for event in older + recent:
        update_user(one, event)
    for event in older + shuffled:
        update_user(other, event)
    for t in (latest, latest + 1, latest + oracle.HOUR):
        assert bits(one.query(t)) == bits(other.query(t))
