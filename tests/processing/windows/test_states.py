"""The packed layout: what is refused, what is taken over, what expires."""

from __future__ import annotations

import struct
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feature_groups import windows
from processing.windows import (
    LATENESS_MS,
    MEMORY_MS,
    RETENTION_MS,
    MerchantState,
    StateError,
    UserState,
    identity,
    merchant_learn_fraud,
    merchant_query,
    merchant_update,
    user_query,
    user_update,
)
from processing.windows.packing import VERSION
from tests.processing.windows.logs import exact_events


def user_with(events: int, step: int = 1) -> bytes:
    state = UserState()
    for n in range(events):
        state.update(n * step, 100, 1, 2, 3, 1)
    return state.encode()


def merchant_with(events: int, step: int = 1) -> bytes:
    state = MerchantState()
    for n in range(events):
        state.update(n * step, n)
        state.learn_fraud(n * step)
    return state.encode()


def test_a_packed_state_has_a_documented_size_and_version() -> None:
    user, merchant = user_with(10), merchant_with(10)
    assert user[:3] == b"\x02U\x04"
    assert merchant[:3] == b"\x02M\x04"
    assert len(user) == 8 * (7 + 4) + 10 * (4 * 8 + 4)
    assert len(merchant) == 8 * (5 + 4) + 10 * (2 * 8) + 10 * 8
    assert UserState.decode(user).encode() == user
    assert MerchantState.decode(merchant).encode() == merchant


def test_lateness_and_retention_belong_to_the_version() -> None:
    assert (VERSION, LATENESS_MS, RETENTION_MS) == (2, 600_000, 2_592_600_000)


def word(at: int, value: int) -> Callable[[bytes], bytes]:
    return lambda state: state[: 8 * at] + struct.pack("<q", value) + state[8 * at + 8 :]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda b: b"\x01" + b[1:], "version 1: this code reads version 2"),
        (lambda b: b[:1] + b"X" + b[2:], "kind"),
        (lambda b: b[:-4], "another length"),
        (lambda b: b + b"x", "another length"),
        (lambda b: b[:3], "expected at least 8"),
        (lambda b: b[:16], "ends within its header"),
        (lambda b: b[:4] + b"1234" + b[8:16], "its header alone has"),
        (word(1, -1), "impossible length"),
        (word(1, 1 << 62), "impossible length"),
        (word(1, 2), "another length"),
        (word(2, -5), "impossible length"),
        (word(8, -1), "impossible length"),
    ],
)
@pytest.mark.parametrize("kind", ["user", "merchant"])
def test_foreign_bytes_are_refused(kind: str, change: Callable[[bytes], bytes], message: str) -> None:
    if kind == "user":
        packed = change(user_with(1))
        uses: list[Callable[[], object]] = [
            lambda: UserState.decode(packed),
            lambda: user_query(packed, 5),
            lambda: user_update(packed, 5, 100, 1),
        ]
    else:
        packed = change(merchant_with(1))
        uses = [
            lambda: MerchantState.decode(packed),
            lambda: merchant_query(packed, 5),
            lambda: merchant_update(packed, 5, 1),
            lambda: merchant_learn_fraud(packed, 5),
        ]
    for use in uses:
        with pytest.raises(StateError, match=message):
            use()


@settings(max_examples=200, deadline=None)
@given(st.data(), st.sampled_from(["user", "merchant"]), st.sampled_from([3, 1024]))
def test_damaged_bytes_are_refused_or_answered_but_never_fatal(
    data: st.DataObject, kind: str, cap: int
) -> None:
    with exact_events(cap):
        packed = bytearray(user_with(20, 100_000) if kind == "user" else merchant_with(20, 100_000))
        for _ in range(data.draw(st.integers(1, 4))):
            packed[data.draw(st.integers(8, len(packed) - 1))] ^= data.draw(st.integers(1, 255))
        with suppress(StateError):
            if kind == "user":
                user = UserState.decode(bytes(packed))
                assert len(user.after(2_000_000, 1, 1).query(2_000_001)) == len(user.query(2_000_000))
            else:
                merchant = MerchantState.decode(bytes(packed))
                assert len(merchant.after(2_000_000, 1).query(2_000_001)) == len(merchant.query(2_000_000))


def test_a_state_out_of_order_is_refused() -> None:
    for packed, decode, header in (
        (user_with(3), UserState.decode, 11),
        (merchant_with(3), MerchantState.decode, 9),
    ):
        with pytest.raises(StateError, match="not in the order of time"):
            decode(word(header, 9)(packed))


def test_one_kind_is_not_the_other() -> None:
    with pytest.raises(StateError, match="kind b'M': expected b'U'"):
        UserState.decode(merchant_with(1))


def test_a_state_without_tiles_is_taken_over_when_windows_or_cap_change() -> None:
    """As by a feature with a new window: nothing has to be replayed for entities below the cap."""
    with exact_events(50):
        user, merchant = user_with(20), merchant_with(20)
    assert UserState.decode(user).encode() == user_with(20)
    assert MerchantState.decode(merchant).encode() == merchant_with(20)
    one_window = b"\x02M\x01\x00abcd" + merchant[8:40] + bytes(8) + merchant[72:]
    assert MerchantState.decode(one_window).encode() == merchant_with(20)
    assert exact_query(user) == exact_query(user_with(20))


def exact_query(state: bytes) -> str:
    return repr(user_query(state, 25))


def test_a_state_with_tiles_is_refused_when_the_cap_changes() -> None:
    user, merchant = UserState(), MerchantState()
    with exact_events(1):
        for n in range(4):
            user.update(n * LATENESS_MS, 100, 1)
            merchant.update(n * LATENESS_MS, 1)
        packed = user.encode(), merchant.encode()
    for state, decode in zip(packed, (UserState.decode, MerchantState.decode), strict=True):
        with pytest.raises(StateError, match="tiles of other windows or another cap"):
            decode(state)


def test_what_expired_is_dropped_but_the_last_device_and_time_stay() -> None:
    state = UserState()
    state.update(0, 100, 1, device=7)
    state.update(1, 100, 1, device=0)
    state.update(2 * RETENTION_MS, 100, 1, device=8)
    state = UserState.decode(state.encode())
    assert state.times == [2 * RETENTION_MS]
    assert state.last_time(2 * RETENTION_MS) == 1
    assert state.query(2 * RETENTION_MS + 1)[7] == 1.0  # the device changed


@pytest.mark.parametrize(("gap", "known"), [(MEMORY_MS, True), (MEMORY_MS + 1, False)])
def test_who_comes_back_after_the_memory_is_new(gap: int, known: bool) -> None:
    returned, new = UserState(), UserState()
    returned.update(0, 100, 1, device=7)
    assert returned.last_time(gap) == (0 if known else None)
    for state in (returned, new):
        state.update(gap, 100, 1, device=8)
    assert returned.query(gap + 1)[7] == float(known)  # the device changed
    assert (repr(returned.query(gap + 1)) != repr(new.query(gap + 1))) == known


def test_an_event_older_than_the_retention_changes_no_window() -> None:
    user, merchant = UserState(), MerchantState()
    user.update(2 * RETENTION_MS, 100, 1)
    merchant.update(2 * RETENTION_MS, 1)
    before = repr(user.query(2 * RETENTION_MS + 1)), merchant.encode()
    user.update(1, 100, 2)
    merchant.update(1, 2)
    assert (repr(user.query(2 * RETENTION_MS + 1)), merchant.encode()) == before
    assert user.last_time(2 * RETENTION_MS) == 1


def test_frauds_are_forgotten_when_no_window_reaches_them_but_the_first_one_is_not() -> None:
    merchant = MerchantState()
    merchant.learn_fraud(10)
    merchant.learn_fraud(RETENTION_MS)
    assert merchant.latest_time == RETENTION_MS
    merchant.update(RETENTION_MS + 10, 1)
    assert merchant.frauds == [10, RETENTION_MS]
    merchant.update(RETENTION_MS + 11, 1)
    assert merchant.frauds == [RETENTION_MS]
    merchant.learn_fraud(5)
    assert merchant.frauds == [RETENTION_MS]
    assert merchant.query(RETENTION_MS + 11)[-1] == (RETENTION_MS + 6) / 86_400_000


def test_a_fraud_that_was_known_earlier_replaces_the_later_report() -> None:
    merchant = MerchantState()
    for known in (50, 70, 50):
        merchant.learn_fraud(known)
    merchant.learn_fraud(20, instead_of=50)
    merchant.learn_fraud(30, instead_of=999)  # that one had been forgotten
    assert merchant.frauds == [20, 30, 50, 70]


def test_states_are_bounded_by_the_cap() -> None:
    """What a record of the Feature Store has to hold: 330 kB in base64."""
    user, merchant = UserState(), MerchantState()
    for n in range(4000):
        t = n * 600_000
        user.update(t, 100, identity(str(n)), identity(str(n % 7)), n % 200 + 1, 1)
        merchant.update(t, identity(str(n)))
    assert len(user.times) == len(merchant.times) == windows.EXACT_EVENTS + 2  # two in the lateness
    assert len(user.encode()) < 90_000
    assert len(merchant.encode()) < 40_000


def test_after_leaves_the_history_as_it_was() -> None:
    user, merchant = UserState(), MerchantState()
    assert user.after(1, 100, 1).times == merchant.after(1, 1).times == [1]
    assert user.times == merchant.times == []
    assert user.latest_time is merchant.latest_time is user.last_time(5) is None


def test_identities_are_stable_signed_and_never_zero() -> None:
    assert identity("m1") == 6104225451280506833  # stored states depend on it
    assert identity("m1") != identity("m2")
    assert min(identity(str(n)) for n in range(20)) < 0
