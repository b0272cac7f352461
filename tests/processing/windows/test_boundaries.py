"""Beyond the cap to the millisecond: when a tile, a sketch and a burst stop and start to count."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feature_groups.windows import WINDOWS, Window
from processing.windows import LATENESS_MS, plan
from processing.windows.packing import words_of
from tests.processing.windows import oracle
from tests.processing.windows.logs import START, Row, exact_events
from tests.processing.windows.test_exactness import exactly, merchant_of, shuffled, user_of


def row(t: int, number: int = 0) -> Row:
    return Row(f"t{t}-{number}", f"u{number}", f"m{number}", t, 100 + number, "d1", "FR", "approved")


def tiles_and_entries(state: bytes, header: int) -> tuple[list[int], list[int]]:
    """Lengths in a header: tiles per window, entries per sketch."""
    words = words_of(state).tolist()
    return words[header : header + len(WINDOWS)], words[2 : 4 if header == 7 else 3]


@pytest.mark.parametrize("window", WINDOWS, ids=lambda window: window.name)
@pytest.mark.parametrize("late", [0, 1])
def test_a_tile_is_kept_for_as_long_as_a_question_can_reach_it(window: Window, late: int) -> None:
    newest = START + window.milliseconds + LATENESS_MS + late
    rows = [row(START), row(START, 1), row(newest - LATENESS_MS - 1 - late), row(newest)]
    earliest = newest - LATENESS_MS
    with exact_events(1):
        user, merchant = user_of(rows), merchant_of(rows)
        for t in (earliest, earliest + 1):
            assert exactly(user.query(t)) == exactly(oracle.user(rows, t, 1))
            assert exactly(merchant.query(t)) == exactly(oracle.merchant(rows, [], t, 1))
        index, kept = WINDOWS.index(window), 0 if late else 1
        for state, header in ((user.encode(), 7), (merchant.encode(), 5)):
            tiles, entries = tiles_and_entries(state, header)
            assert tiles[index] == kept
            if window == WINDOWS[-1]:
                assert [bool(length) for length in entries] == [bool(kept)] * len(entries)


def test_an_event_that_comes_too_late_for_the_ring_reaches_tiles_at_their_boundary() -> None:
    for late in (0, 1):
        newest = START + WINDOWS[-1].milliseconds + LATENESS_MS + late
        rows = [row(newest - 2 * LATENESS_MS), row(newest - 2 * LATENESS_MS + 1), row(newest), row(START, 2)]
        with exact_events(1):
            user, merchant = user_of(rows), merchant_of(rows)
            for t in (newest - LATENESS_MS, newest):
                assert exactly(user.query(t)) == exactly(oracle.user(rows, t, 1))
                assert exactly(merchant.query(t)) == exactly(oracle.merchant(rows, [], t, 1))
            assert merchant.encode() == merchant_of(rows[::-1]).encode()


def test_a_burst_within_the_lateness_is_coarse_before_it_leaves_the_ring() -> None:
    rows = [row(START + n * 1000, n) for n in range(400)]
    t = START + 400_000
    with exact_events(100):
        user, merchant = user_of(rows), merchant_of(rows)
        assert len(user.times) == len(merchant.times) == 400
        expected = oracle.user(rows, t, 100), oracle.merchant(rows, [], t, 100)
        assert (exactly(user.query(t)), exactly(merchant.query(t))) == tuple(map(exactly, expected))
        assert expected[1][4] != 400  # an estimate


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.builds(
            Row,
            st.just("t"),
            st.sampled_from(["u1", "u2"]),
            st.sampled_from(["m1", "m2"]),
            st.sampled_from([START, START + 1]),
            st.integers(1, 2),
            st.sampled_from([None, "d1", "d2"]),
            st.sampled_from([None, "FR"]),
            st.sampled_from([None, "approved", "declined"]),
        ),
        min_size=2,
        max_size=12,
    ),
    st.randoms(use_true_random=False),
)
def test_ties_are_in_one_order(rows: list[Row], random: Random) -> None:
    user, merchant = user_of(rows).encode(), merchant_of(rows).encode()
    assert user_of(shuffled(rows, random)).encode() == user
    assert merchant_of(shuffled(rows, random)).encode() == merchant
    start, columns = 7 + len(plan("user").windows), range(len(rows))
    words = words_of(user).tolist()[start:]
    times, amounts, merchants, devices = (words[i * len(rows) : (i + 1) * len(rows)] for i in range(4))
    marks = memoryview(user)[-4 * len(rows) :].cast("i")
    ordered = [(times[i], devices[i], amounts[i], merchants[i], marks[i]) for i in columns]
    assert all(one <= next_one for one, next_one in pairwise(ordered))
    words = words_of(merchant).tolist()[5 + len(plan("merchant").windows) :]
    pairs = [(words[i], words[len(rows) + i]) for i in columns]
    assert pairs == sorted(pairs)
