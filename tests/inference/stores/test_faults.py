"""A store that hangs, refuses or talks nonsense: an error within the budget, and nothing left behind."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from feature_groups.names import Names
from inference.stores import FeaturesUnavailableError
from inference.stores.redis import RedisReader
from tests.inference.stores.faults import Faulty, serving

BUDGET_S = 0.05
Read = Callable[[str, str], Awaitable[object]]


async def failing(read: Read, expected: str) -> float:
    """One read that has to fail; returns how long it took, in seconds."""
    began = time.perf_counter()
    with pytest.raises(FeaturesUnavailableError, match=expected):
        await read("u-1", "m-1")
    return time.perf_counter() - began


async def left(faulty: Faulty) -> int:
    """Connections that are still open once everybody had time to close."""
    end = time.perf_counter() + 2
    while faulty.alive and time.perf_counter() < end:
        await asyncio.sleep(0.01)
    return faulty.alive


def redis_reader(port: int) -> RedisReader:
    return RedisReader(f"redis://127.0.0.1:{port}/0", Names("test"), int(BUDGET_S * 1000))


async def hung_redis() -> None:
    async with serving(Faulty(lambda _: None)) as faulty:
        reader = redis_reader(faulty.port)
        slow = [await failing(reader.read, "did not answer within 50 ms") for _ in range(5)]
        assert all(BUDGET_S * 0.9 <= seconds < BUDGET_S + 0.1 for seconds in slow)
        quick = [await failing(reader.read, "50 ms; it is asked again") for _ in range(50)]
        assert max(quick) < 0.02
        assert faulty.connections == 5
        assert await left(faulty) == 0
        await asyncio.sleep(1.0)
        # Half open: one asks again, the others do not wait for it.
        times = await asyncio.gather(*(failing(reader.read, "did not answer") for _ in range(10)))
        assert sorted(times)[-2] < 0.02
        assert faulty.connections == 6
        reader.close()
        assert await left(faulty) == 0
        assert len(asyncio.all_tasks()) == 1


async def recovering_redis() -> None:
    answers: list[bytes | None] = [None] * 5
    nothing = b"*4\r\n" + 4 * b"$-1\r\n"
    async with serving(Faulty(lambda _: answers.pop() if answers else nothing)) as faulty:
        reader = redis_reader(faulty.port)
        for _ in range(5):
            await failing(reader.read, "did not answer")
        await asyncio.sleep(1.05)
        assert (await reader.read("u-1", "m-1")).user is None
        reader.close()


async def nonsense(reply: bytes, expected: str) -> None:
    async with serving(Faulty(lambda _: reply)) as faulty:
        reader = redis_reader(faulty.port)
        for _ in range(3):
            assert await failing(reader.read, expected) < BUDGET_S
        reader.close()
        assert await left(faulty) == 0


async def refusing_redis() -> None:
    async with serving(Faulty(lambda _: None)) as faulty:
        port = faulty.port
    reader = redis_reader(port)
    for _ in range(10):
        assert await failing(reader.read, "cannot be reached") < BUDGET_S
    reader.close()


def test_a_hung_redis_costs_its_budget_five_times_then_one_read_a_second() -> None:
    asyncio.run(hung_redis())


def test_a_redis_that_answers_again_is_trusted_again() -> None:
    asyncio.run(recovering_redis())


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "not its protocol"),
        (b"+OK\r\n", "something else"),
        (b"*2\r\n$-1\r\n$-1\r\n", "something else"),
        (b"-LOADING Redis is loading the dataset in memory\r\n", "Redis refused: LOADING"),
        (b"*4\r\n$3\r\nabc\r\n$-1\r\n$-1\r\n$-1\r\n", "unreadable|something else"),
        (b"*4\r\n:1\r\n$-1\r\n$-1\r\n$-1\r\n", "unreadable|something else"),
    ],
)
def test_nonsense_from_redis(reply: bytes, expected: str) -> None:
    asyncio.run(nonsense(reply, expected))


def test_a_redis_that_cannot_be_reached() -> None:
    asyncio.run(refusing_redis())
