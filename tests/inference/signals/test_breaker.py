"""The circuit breaker against a clock that the tests turn."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.signals.breaker import Breaker, BreakerLimits

LIMITS = BreakerLimits(window=6, least=4, failing=0.5, open_s=10)


class _Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def _call(breaker: Breaker, ok: bool) -> bool:
    permit = breaker.admit()
    if permit is not None:
        breaker.record(permit, ok)
    return permit is not None


@given(outcomes=st.lists(st.booleans(), max_size=40))
def test_it_opens_exactly_when_the_share_is_reached(outcomes: list[bool]) -> None:
    breaker, recent = Breaker(LIMITS, _Clock()), deque[bool](maxlen=6)
    for ok in outcomes:
        assert _call(breaker, ok)
        recent.append(ok)
        opens = len(recent) >= 4 and recent.count(False) >= len(recent) / 2
        assert breaker.refuses == opens
        if opens:
            assert not _call(breaker, ok)
            return


def _opened(clock: _Clock) -> Breaker:
    breaker = Breaker(LIMITS, clock)
    for _ in range(4):
        _call(breaker, False)
    assert breaker.state == "open"
    return breaker


def test_one_call_tries_at_a_time() -> None:
    clock = _Clock()
    breaker = _opened(clock)
    clock.now += 10
    permit = breaker.admit()
    assert permit is not None
    assert breaker.admit() is None
    breaker.withdraw(permit)
    assert breaker.state == "half-open"
    assert _call(breaker, False)
    assert breaker.state == "open"
    clock.now += 10
    assert _call(breaker, True)
    assert breaker.state == "closed"
    assert [_call(breaker, False) for _ in range(4)] == [True] * 4  # it starts with an empty window


def test_outcomes_of_earlier_calls_change_nothing() -> None:
    clock = _Clock()
    breaker = Breaker(LIMITS, clock)
    late = breaker.admit()
    assert late is not None
    for _ in range(4):
        _call(breaker, False)
    breaker.record(late, ok=True)
    assert breaker.state == "open"
    clock.now += 10
    trying = breaker.admit()
    breaker.withdraw(late)
    assert trying is not None
    assert breaker.admit() is None


@pytest.mark.parametrize(
    ("limits", "problem"),
    [
        (BreakerLimits(least=0), "least"),
        (BreakerLimits(window=5, least=6), "least"),
        (BreakerLimits(failing=0.0), "failing"),
        (BreakerLimits(open_s=0), "open_s"),
        (BreakerLimits(), None),
    ],
)
def test_limits_are_checked(limits: BreakerLimits, problem: str | None) -> None:
    assert (problem in (limits.problem() or "")) if problem else limits.problem() is None
