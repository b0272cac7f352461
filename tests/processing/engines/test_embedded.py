"""The embedded engine gives the oracle's answers, in batches of any size, and its states interchange."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from feature_groups import FEATURE_NAMES, MERCHANT_FEATURES, USER_FEATURES, windows
from processing.engines.embedded import EmbeddedEngine
from processing.windows import RETENTION_MS, identity
from tests.processing.engines.embedded_logs import Packed, columns, reports
from tests.processing.windows import oracle
from tests.processing.windows.logs import Log, hot, many, one

FEW = 8  # a cap that small logs overflow


@pytest.fixture(params=[FEW, 1024])
def cap(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(windows, "EXACT_EVENTS", request.param)
    number: int = request.param
    return number


def run(log: Log, size: int) -> NDArray[np.float64]:
    engine = EmbeddedEngine()
    engine.learn(reports(log))
    return np.vstack([engine.apply(batch) for batch in columns(log).batches(size)])


def assert_same(found: NDArray[np.float64], expected: NDArray[np.float64]) -> None:
    differ = ~((found == expected) | (np.isnan(found) & np.isnan(expected)))
    cells = [(int(row), FEATURE_NAMES[column]) for row, column in np.argwhere(differ)[:5]]
    assert not cells


def test_window_features_equal_the_oracle(cap: int) -> None:
    count = len(USER_FEATURES) + len(MERCHANT_FEATURES)
    for log in many(25, seed=cap, events=60):
        merchant_of = {row.transaction_id: row.merchant for row in log.rows}
        expected = []
        for number, row in enumerate(log.rows):
            past = log.rows[:number]
            frauds = [known for number, known in log.frauds if merchant_of[number] == row.merchant]
            user = oracle.user([e for e in past if e.user == row.user], row.t, cap)
            merchant = oracle.merchant([e for e in past if e.merchant == row.merchant], frauds, row.t, cap)
            expected.append(user + merchant)
        assert_same(run(log, len(log.rows))[:, :count], np.array(expected, np.float64))


def test_all_features_equal_those_of_packed_states_in_batches_of_any_size(cap: int) -> None:
    for seed, log in enumerate(many(60, seed=100 + cap)):
        expected = Packed(log).features()
        for size in (len(log.rows), Random(seed).choice((1, 2, 7, 50))):
            assert_same(run(log, size), expected)


@settings(max_examples=40, deadline=None)
@given(st.randoms(use_true_random=False), st.lists(st.integers(1, 60), min_size=1, max_size=8))
def test_any_split_gives_the_same(random: Random, sizes: list[int]) -> None:
    log = one(random)
    events, engine, start = columns(log), EmbeddedEngine(), 0
    found: list[NDArray[np.float64]] = []
    engine.learn(reports(log))
    while start < len(events):
        stop = min(start + sizes[len(found) % len(sizes)], len(events))
        found.append(engine.apply(events.slice(start, stop)))
        start = stop
    assert_same(np.vstack(found), run(log, len(events)))


def test_entities_beyond_the_cap() -> None:
    log = hot()
    expected = Packed(log).features()
    assert_same(run(log, len(log.rows)), expected)
    assert_same(run(log, 100), expected)


def test_states_leave_and_enter_the_engine_bit_for_bit(cap: int) -> None:
    for seed, log in enumerate(many(40, seed=200 + cap, events=100)):
        events, whole, first, second = columns(log), EmbeddedEngine(), EmbeddedEngine(), EmbeddedEngine()
        packed, at = Packed(log), Random(seed).randrange(len(events))
        expected = packed.features()
        whole.learn(reports(log))
        whole.apply(events)
        first.learn(reports(log))
        first.apply(events.slice(0, at))
        for name in {row.user for row in log.rows}:
            state = first.export_user(identity(name))
            if state is not None:
                second.import_user(identity(name), state)
                assert second.export_user(identity(name)) == state
        for name in {row.merchant for row in log.rows}:
            state = first.export_merchant(identity(name))
            if state is not None:
                second.import_merchant(identity(name), state)
                assert second.export_merchant(identity(name)) == state
        assert_same(second.apply(events.slice(at, len(events))), expected[at:])
        newest = max(row.t for row in log.rows)
        for name, user in packed.users.items():
            if max(row.t for row in log.rows if row.user == name) >= newest - RETENTION_MS:
                assert whole.export_user(identity(name)) == user.encode()
        for name, merchant in packed.merchants.items():
            if max(row.t for row in log.rows if row.merchant == name) >= newest - RETENTION_MS:
                assert whole.export_merchant(identity(name)) == merchant.encode()


def test_nobody_and_nothing() -> None:
    engine = EmbeddedEngine()
    log = one(Random(1))
    engine.learn(reports(Log([], [])))
    assert engine.apply(columns(log).slice(0, 0)).shape == (0, len(FEATURE_NAMES))
    assert engine.export_user(1) is None
    assert engine.export_merchant(1) is None


def test_memory_stays_bounded_as_time_advances_and_the_last_visit_is_remembered() -> None:
    log, engine = one(Random(18)), EmbeddedEngine()  # of two days
    events = columns(log)
    rounds, sizes = 12, []
    for number in range(rounds):
        later = number * 2 * RETENTION_MS
        out = engine.apply(replace(events, times=events.times + later))
        sizes.append(engine.nbytes)
        if number:
            seconds = out[:, FEATURE_NAMES.index("seconds_since_last_transaction")]
            assert not np.isnan(seconds).any()  # nobody is new any more
    assert sizes[2:] == sizes[2:3] * (rounds - 2)


@pytest.mark.slow
def test_plain_python_gives_the_same_bytes() -> None:
    command = [sys.executable, "-m", "tests.processing.engines.embedded_digest"]
    environment = {name: value for name, value in os.environ.items() if name != "FRAUDLINE_KERNEL"}
    outputs = [
        subprocess.run(
            command, env=environment | {"FRAUDLINE_KERNEL": mode}, check=True, capture_output=True, text=True
        ).stdout
        for mode in ("numba", "python")
    ]
    assert outputs[0] == outputs[1]
    assert len(outputs[0].strip()) == 64
