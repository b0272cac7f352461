"""Redis, a real server: what is written and read, and every way in which it can fail."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from msgspec import structs

from feature_groups.names import Names
from inference.stores import FeaturesUnavailableError, Records
from inference.stores.redis import RedisReader
from processing.online.codec import USER
from processing.online.redis import RedisWriter
from processing.online.writing import OnlineRecord, OnlineUnavailableError
from tests.inference.stores import redis_server
from tests.inference.stores.stored import LATEST_MS, expected, progress, stored, told

NAMES = Names("test")
BUDGET_MS = 100
T = TypeVar("T")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with redis_server.running(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def writer(server: str) -> Iterator[RedisWriter]:
    made = RedisWriter(server, NAMES)
    made._client.flushall()
    yield made
    made.close()


def with_reader(url: str, use: Callable[[RedisReader], Awaitable[T]], budget_ms: int = BUDGET_MS) -> T:
    """Use a reader on an event loop of its own, on which nothing may be left."""

    async def run() -> T:
        reader = RedisReader(url, NAMES, budget_ms)
        try:
            return await use(reader)
        finally:
            reader.close()
            await asyncio.sleep(0)
            assert len(asyncio.all_tasks()) == 1

    return asyncio.run(run())


def read(url: str, user_id: str = "u-1", merchant_id: str = "m-1") -> Records:
    return with_reader(url, lambda reader: reader.read(user_id, merchant_id), budget_ms=5000)


def test_what_was_written_is_read_bit_for_bit(server: str, writer: RedisWriter) -> None:
    assert writer.is_empty()
    writer.write([*stored(), progress(int(time.time() * 1000) - 3000)])
    assert not writer.is_empty()
    found = read(server)
    assert told(found) == expected()
    assert found.user_time == found.merchant_time == "2026-03-01T12:33:56.789Z"
    assert found.staleness_ms is not None
    assert 3000 <= found.staleness_ms < 60_000
    stranger = read(server, "u-2", "m-2")
    assert Records() == structs.replace(stranger, staleness_ms=None)


def test_environments_do_not_see_each_other(server: str, writer: RedisWriter) -> None:
    other = RedisWriter(server, Names("other"))
    other.write(stored())
    other.close()
    assert read(server) == Records()


def test_older_versions_do_not_replace_newer_ones(server: str, writer: RedisWriter) -> None:
    many = [record for n in range(300) for record in stored(f"u-{n}", f"m-{n}")]
    writer.write(many)
    writer.write([OnlineRecord(USER, "u-1", LATEST_MS - 1, b"older")])
    assert told(read(server, "u-1", "m-299")) == expected()
    writer.write([OnlineRecord(USER, "u-1", LATEST_MS, many[4].payload)])  # the same time: the later write
    assert told(read(server)) == expected()


def test_expired_records_are_not_kept(server: str, writer: RedisWriter) -> None:
    now_ms = int(time.time() * 1000)
    profile, user, merchant = stored()
    writer.write(
        [profile._replace(expires_ms=now_ms + 60_000), user._replace(expires_ms=now_ms - 1), merchant]
    )
    found = read(server)
    assert found.profile is not None
    assert found.user is None
    lives = [writer._client.pttl(f"fraudline-test:{name}") for name in ("pu-1", "uu-1", "mm-1")]
    assert 50_000 < lives[0] <= 60_000
    assert lives[1:] == [-2, -1]  # not there, and there for ever


def test_reads_at_once_share_a_connection_and_do_not_mix(server: str, writer: RedisWriter) -> None:
    writer.write([record for n in range(50) for record in stored(f"u-{n}", f"m-{n}")[n % 3 :]])

    async def many(reader: RedisReader) -> list[Records]:
        return await asyncio.gather(*(reader.read(f"u-{n}", f"m-{n}") for n in range(50)))

    before = writer._client.info("stats")["total_connections_received"]
    found = with_reader(server, many, budget_ms=5000)
    assert writer._client.info("stats")["total_connections_received"] == before + 1
    assert [records.profile is None for records in found] == [n % 3 > 0 for n in range(50)]
    assert [records.user is None for records in found] == [n % 3 > 1 for n in range(50)]
    assert all(records.merchant is not None for records in found)


@pytest.mark.parametrize("garbage", [b"", b"short", bytes(range(1, 250))])
def test_garbage_is_unreadable_and_leaves_the_store_trusted(
    server: str, writer: RedisWriter, garbage: bytes
) -> None:
    writer.write(stored())
    writer._client.set("fraudline-test:mm-2", garbage)

    async def use(reader: RedisReader) -> Records:
        for _ in range(20):
            with pytest.raises(FeaturesUnavailableError, match="unreadable"):
                await reader.read("u-1", "m-2")
        return await reader.read("u-1", "m-1")

    assert told(with_reader(server, use, budget_ms=5000)) == expected()


def test_a_password_and_a_database(tmp_path: Path) -> None:
    with redis_server.running(tmp_path, "--requirepass", "s3cret") as url:
        path = url.removeprefix("unix://")
        right = f"unix://:s3cret@{path}?db=3"
        writer = RedisWriter(right, NAMES)
        writer.write(stored())
        writer.close()
        assert told(read(right)) == expected()
        for wrong in (url, f"unix://:guess@{path}"):
            with pytest.raises(
                FeaturesUnavailableError, match=r"Redis refused: (NOAUTH|WRONGPASS)"
            ) as refused:
                read(wrong)
            assert "guess" not in str(refused.value)
            with pytest.raises(OnlineUnavailableError):
                RedisWriter(wrong, NAMES).write(stored())


def test_a_server_that_is_lost_and_comes_back(tmp_path: Path) -> None:
    async def use(reader: RedisReader) -> Records:
        with pytest.raises(FeaturesUnavailableError, match="cannot be reached"):
            await reader.read("u-1", "m-1")
        for _ in range(2):
            with redis_server.running(tmp_path) as url:
                writer = RedisWriter(url, NAMES)
                writer.write(stored())
                writer.close()
                found = await reader.read("u-1", "m-1")
            await asyncio.sleep(0.05)
        return found

    assert told(with_reader(f"unix://{tmp_path}/redis.sock", use, budget_ms=5000)) == expected()
