"""Packed layout, retention, and long histories that are pruned on the way."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

import pytest

from processing.windows import RETENTION_MS, MerchantState, StateError, UserState, identity
from tests.processing.windows import oracle


def test_a_packed_state_has_a_documented_size_and_version() -> None:
    state = UserState()
    for n in range(10):
        state.update(n, 100, 1, 2, 3, 1)
    packed = state.encode()
    assert packed[:2] == b"\x01U"
    assert len(packed) == 8 + 3 * 8 + 10 * (8 + 8 + 8 + 8 + 2 + 1)
    assert UserState.decode(packed).encode() == packed


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda b: b"\x02" + b[1:], "version 2"),
        (lambda b: b[:1] + b"M" + b[2:], "kind"),
        (lambda b: b[:-1], "ends at"),
        (lambda b: b + b"x", "1 bytes after"),
        (lambda b: b[:3], "expected at least"),
        (lambda b: b[:8] + struct.pack("<q", -1) + b[16:], "length -1"),
    ],
)
def test_foreign_bytes_are_refused(change: Callable[[bytes], bytes], message: str) -> None:
    state = UserState()
    state.update(1, 100, 1)
    with pytest.raises(StateError, match=message):
        UserState.decode(change(state.encode()))


def test_what_expired_is_dropped_but_the_last_device_and_time_stay() -> None:
    state = UserState()
    state.update(0, 100, 1, device=7)
    state.update(1, 100, 1, device=0)
    state.update(2 * RETENTION_MS, 100, 1, device=8)
    state = UserState.decode(state.encode())
    assert len(state.times) == 1
    assert state.last_time(2 * RETENTION_MS) == 1
    assert state.query(2 * RETENTION_MS + 1)[7] == 1.0  # the device changed


def test_an_event_older_than_the_retention_changes_nothing() -> None:
    user, merchant = UserState(), MerchantState()
    user.update(2 * RETENTION_MS, 100, 1)
    merchant.update(2 * RETENTION_MS, 1)
    before = user.encode(), merchant.encode()
    user.update(1, 100, 2)
    merchant.update(1, 2)
    assert (user.encode(), merchant.encode()) == before


@pytest.mark.parametrize("seed", range(3))
def test_long_histories_stay_exact_and_bounded(seed: int) -> None:
    generate = random.Random(seed)
    user, merchant = UserState(), MerchantState()
    history: list[dict[str, int]] = []
    frauds: list[int] = []
    t = 0
    for n in range(1500):
        t += generate.choice((0, 60_000, oracle.HOUR, 5 * oracle.HOUR))
        late = max(0, t - generate.choice((0, 0, 0, 1, 400_000)))
        event = {
            "t": late,
            "amount": generate.randrange(1, 10**6),
            "merchant": generate.randrange(9),
            "customer": generate.randrange(1, 30),
            "device": generate.randrange(3),
            "country": generate.randrange(3),
            "status": generate.randrange(3),
        }
        if n % 10 == 0:
            assert repr(user.query(late)) == repr([float(v) for v in oracle.user(history, late)])
            expected = [float(v) for v in oracle.merchant(history, frauds, late)]
            assert repr(merchant.query(late)) == repr(expected)
        user.update(late, *(event[k] for k in ("amount", "merchant", "device", "country", "status")))
        merchant.update(late, event["customer"])
        history.append(event)
        if n % 50 == 0:
            frauds.append(late + oracle.HOUR)
            merchant.learn_fraud(late + oracle.HOUR)
    within = sum(e["t"] >= max(e["t"] for e in history) - RETENTION_MS for e in history)
    assert len(UserState.decode(user.encode()).times) == within
    assert len(user.times) <= within + 64


def test_identities_are_stable_and_never_zero() -> None:
    assert identity("m1") == 6104225451280506833  # stored states depend on it
    assert identity("m1") != identity("m2")
