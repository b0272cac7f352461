"""Whatever an adapter does, `gather` returns within its budget and never raises."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.signals import Asker, Gathered, NonsenseError, Output, Signals
from inference.signals.breaker import BreakerLimits
from inference.signals.hedge import HedgeLimits
from inference.signals.outputs import check_answer
from processing.events import Transaction
from tests.processing.builders import transaction

Ask = Callable[[], Coroutine[Any, Any, Mapping[str, object]]]
RISK = Output(at_least=0, at_most=1)


class _Adapter:
    """Says what a function says."""

    fields = ("user_id",)
    outputs: Mapping[str, Output] = {"risk": RISK}

    def __init__(self, name: str, ask: Ask) -> None:
        self.name = name
        self._ask = ask

    async def ask(self, transaction: Transaction) -> Mapping[str, object]:  # noqa: ARG002
        return await self._ask()

    async def close(self) -> None:
        pass


async def _half() -> dict[str, object]:
    return {"risk": 0.5}


async def _raise() -> dict[str, object]:
    raise ZeroDivisionError


async def _cancel() -> dict[str, object]:
    raise asyncio.CancelledError


async def _forever() -> dict[str, object]:
    await asyncio.sleep(3600)
    return {}


async def _stubborn() -> dict[str, object]:
    """Ignores that it is cancelled, for a while."""
    until = time.monotonic() + 0.6
    while (left := until - time.monotonic()) > 0:
        try:
            await asyncio.sleep(left)
        except asyncio.CancelledError:
            continue
    return {"risk": 0.5}


async def _alone() -> None:
    """Return once no other task is left."""
    async with asyncio.timeout(5):
        while asyncio.all_tasks() != {asyncio.current_task()}:
            await asyncio.sleep(0.01)


def _signals(asks: dict[str, Ask], hedge: HedgeLimits | None = None) -> Signals:
    askers = [
        Asker(
            _Adapter(name, ask),
            timeout_s=0.05,
            concurrency=2,
            cache=None,
            breaker=BreakerLimits(window=4, least=2, open_s=60),
            hedge=hedge,
        )
        for name, ask in asks.items()
    ]
    return Signals(askers, budget_s=0.1)


@pytest.mark.parametrize("hedge", [None, HedgeLimits(after_ms=5)])
@pytest.mark.parametrize("broken", [_raise, _cancel, _forever, _stubborn])
def test_one_that_breaks_leaves_the_other_one_alone(broken: Ask, hedge: HedgeLimits | None) -> None:
    asking = _signals({"good": _half, "bad": broken}, hedge)

    async def work() -> tuple[Gathered, float]:
        started = time.perf_counter()
        gathered = await asking.gather(transaction())
        took = time.perf_counter() - started
        await _alone()
        return gathered, took

    gathered, took = asyncio.run(work())
    assert took < 0.3
    assert gathered.values == {"good.risk": 0.5, "bad.risk": None}
    assert list(gathered.problems) == ["bad"]


def test_stubborn_calls_keep_their_place_until_they_end() -> None:
    asking = _signals({"bad": _stubborn})

    async def work() -> list[str]:
        problems = [(await asking.gather(transaction())).problems["bad"] for _ in range(4)]
        await _alone()
        return problems

    problems = asyncio.run(work())
    assert "too many calls" in problems[2] or "left alone" in problems[2]


def test_a_caller_that_goes_away_leaves_nothing_behind() -> None:
    asking = _signals({"bad": _forever})

    async def work() -> None:
        gathering = asyncio.create_task(asking.gather(transaction()))
        await asyncio.sleep(0.01)
        gathering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gathering
        await _alone()

    asyncio.run(work())
    assert asking.breakers == {"bad": "closed"}


_anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@settings(max_examples=50, deadline=None)
@given(risk=_anything, word=_anything)
def test_only_what_is_declared_passes(risk: object, word: object) -> None:
    outputs = {"risk": RISK, "word": Output(one_of=("good", "bad"))}
    number = isinstance(risk, int | float) and not isinstance(risk, bool) and 0 <= risk <= 1
    fits = (risk is None or number) and (word is None or (isinstance(word, str) and word in ("good", "bad")))
    try:
        values = check_answer(outputs, {"risk": risk, "word": word, "more": 1})
    except NonsenseError:
        assert not fits
    else:
        assert fits
        assert values == {"risk": risk, "word": word}


@pytest.mark.parametrize("answer", [None, [], "x", {}, {"risk": 10**400}, {"risk": math.inf}])
def test_what_is_no_answer(answer: object) -> None:
    with pytest.raises(NonsenseError):
        check_answer({"risk": RISK}, answer)
