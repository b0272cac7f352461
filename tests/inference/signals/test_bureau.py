"""Signals of a bureau that works: what it says, when it is asked, what a decision makes of it."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.error
import urllib.request

import pytest

from inference import policy
from inference.policy import Facts, Limits
from inference.settings import DEFAULT_POLICY
from inference.signals.asking import CacheLimits
from inference.signals.bureau.answers import answer
from tests.inference.signals.bureaus import Bureau, asked, run


def test_answers_become_facts(bureau: Bureau) -> None:
    asking = bureau.signals()
    gathered = run(asking, asking.gather(asked()))
    said = answer({"user_id": "u1", "device": "d1"})
    assert gathered.problems == {}
    assert gathered.values == {
        "bureau.risk": said["risk"],
        "bureau.device_reputation": said["device_reputation"],
    }


def test_a_risky_card_holder_is_reviewed(bureau: Bureau) -> None:
    risky = next(
        n for n in range(10_000) if float(answer({"user_id": f"u{n}", "device": "d1"})["risk"]) >= 0.9
    )
    asking = bureau.signals()
    gathered = run(asking, asking.gather(asked(risky)))
    kinds: dict[str, policy.Kind] = {"bureau.risk": "number", "bureau.device_reputation": "text"}
    loaded = policy.load(DEFAULT_POLICY, kinds)
    verdict = loaded.decide(Facts(asked(risky), None, gathered.values), 0.1, Limits(0.3, 0.8))
    assert (verdict.decision, verdict.decided_by, verdict.rules_live) == (
        "review",
        "rules",
        ("bureau-risk-review",),
    )


def test_few_are_risky_and_the_answer_never_changes() -> None:
    risks = [float(answer({"user_id": f"u{n}", "device": f"d{n}"})["risk"]) for n in range(20_000)]
    assert 0.001 < sum(risk >= 0.9 for risk in risks) / len(risks) < 0.02
    assert answer({"user_id": "u1", "device": "d1"}) == answer({"device": "d1", "user_id": "u1"})
    assert answer({"user_id": "u1"})["device_reputation"] == "unknown"


def test_an_answer_is_kept_for_its_time(bureau: Bureau) -> None:
    asking = bureau.signals(cache=CacheLimits(ttl_s=0.2, size=10))

    async def work() -> None:
        assert asking.gather_now(asked()) is None
        first = await asking.gather(asked())
        assert asking.gather_now(asked(amount_minor=7)) == first
        assert (await asking.gather(asked(amount_minor=8))).values == first.values
        await asyncio.sleep(0.25)
        assert asking.gather_now(asked()) is None
        await asking.gather(asked())

    before = bureau.counts()["asked"]
    run(asking, work())
    assert bureau.counts()["asked"] - before == 2
    counters = asking.counters["bureau"]
    assert counters.of("asked", "cached") == (2, 2)


def test_calls_under_way_are_bounded(bureau: Bureau) -> None:
    bureau.fault("slow", delay_ms=50)
    asking = bureau.signals(concurrency=3, timeout_ms=1900, budget_ms=2000)

    async def work() -> list[str]:
        many = await asyncio.gather(*(asking.gather(asked(n)) for n in range(10)))
        again = await asking.gather(asked(11))
        assert again.problems == {}
        return [gathered.problems.get("bureau", "") for gathered in many]

    problems = run(asking, work())
    assert problems.count("") == 3
    assert sum("too many calls are under way" in problem for problem in problems) == 7
    assert asking.counters["bureau"]["busy"] == 7
    assert asking.breakers == {"bureau": "closed"}


def test_a_token_is_sent_and_no_more_than_the_declared_fields(bureau: Bureau) -> None:
    seen: list[bytes] = []

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        seen.append(await reader.read(1024))
        body = json.dumps({"risk": 0.5, "device_reputation": "bad"}).encode()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
        writer.close()

    async def work() -> dict[str, float | str | None]:
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        asking = bureau.signals(url=f"http://127.0.0.1:{port}/", token_env="TOKEN")
        gathered = await asking.gather(asked())
        await asking.close()
        server.close()
        return gathered.values

    assert asyncio.run(work())["bureau.risk"] == 0.5
    assert b"authorization: bearer secret" in seen[0].lower()
    assert json.loads(seen[1]) == {"user_id": "u1", "device": "d1"}


@pytest.mark.parametrize("body", [b"", b"[]", b'{"user_id": 3}', b"\xff"])
def test_the_bureau_refuses_what_is_no_question(bureau: Bureau, body: bytes) -> None:
    for method, path in (("POST", "/v1/risk"), ("PUT", "/faults")):
        request = urllib.request.Request(f"{bureau.url}{path}", body, method=method)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request)
        assert refused.value.code == 400
        assert json.load(refused.value)["error"]


def test_what_is_known_costs_microseconds(bureau: Bureau) -> None:
    asking = bureau.signals(cache=CacheLimits())

    async def work() -> float:
        await asking.gather(asked())
        started = time.perf_counter()
        for _ in range(2000):
            asking.gather_now(asked())
        return (time.perf_counter() - started) / 2000

    assert run(asking, work()) < 200e-6  # 5 µs here; a call is a hundred times that
