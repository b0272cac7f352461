"""The proxy against scripted servers: what it forwards, retries and wraps."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from mirror.api import Context, ServiceError
from mirror.cloud import Cloud
from mirror.endpoints import proxy
from mirror.endpoints.hosting import Hosting, forget, hosting
from mirror.endpoints.targets import Route, Target, Variant

OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
JSON = [(b"content-type", b"application/json"), (b"x-secret", b"no"), (b"content-length", b"2")]
Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
def ctx(tmp_path: Path) -> Iterator[Context]:
    cloud = Cloud(tmp_path)
    yield Context(cloud, "us-east-1")
    forget(cloud)


def _route(ctx: Context, *targets: Target) -> Hosting:
    host = hosting(ctx.cloud)
    host.routes["us-east-1", "e"] = Route((Variant("live", 1.0, list(targets)),))
    return host


async def _serve(script: Script) -> tuple[asyncio.Server, Target]:
    server = await asyncio.start_server(script, "127.0.0.1", 0)
    return server, Target("live/i-1", server.sockets[0].getsockname()[1])


async def _read(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    return head, await reader.readexactly(length)


def test_requests_share_a_connection_and_carry_only_what_belongs_to_the_model(ctx: Context) -> None:
    seen: list[bytes] = []
    connections = 0

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while not reader.at_eof():
            try:
                head, body = await _read(reader)
            except asyncio.IncompleteReadError:
                break
            seen.append(head + body)
            writer.write(OK)
        writer.close()

    async def run() -> None:
        server, target = await _serve(script)
        _route(ctx, target)
        for _ in range(3):
            status, headers, body = await proxy.invoke(ctx, "e", JSON, b"[]")
            assert (status, body) == (200, b"{}")
            assert dict(headers) == {
                b"content-type": b"application/json",
                b"x-amzn-invoked-production-variant": b"live",
            }
        assert target.in_flight == 0
        for connection in target.idle:
            connection.close()
        server.close()

    asyncio.run(run())
    assert connections == 1
    assert seen[0].startswith(b"POST /invocations HTTP/1.1\r\nhost: 127.0.0.1:")
    assert seen[0].endswith(b"\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n[]")


@pytest.mark.parametrize(("status", "kind"), [(422, "client"), (500, "server")])
def test_what_the_container_refuses_is_a_model_error(ctx: Context, status: int, kind: str) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _read(reader)
        writer.write(b"HTTP/1.1 %d X\r\ncontent-length: 4\r\n\r\noops" % status)
        writer.close()

    async def run() -> None:
        server, target = await _serve(script)
        _route(ctx, target)
        found, headers, body = await proxy.invoke(ctx, "e", JSON, b"{}")
        server.close()
        answer = json.loads(body)
        assert (found, dict(headers)[b"x-amzn-errortype"]) == (424, b"ModelError")
        assert (answer["OriginalStatusCode"], answer["OriginalMessage"]) == (status, "oops")
        assert answer["LogStreamArn"].endswith(":log-group:/aws/sagemaker/Endpoints/e")
        assert answer["Message"].startswith(
            f'Received {kind} error ({status}) from primary with message "oops"'
        )

    asyncio.run(run())


def test_a_dead_keep_alive_connection_is_replaced(ctx: Context) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _read(reader)
        writer.write(OK)  # says nothing of closing, and closes
        writer.close()

    async def run() -> None:
        server, target = await _serve(script)
        _route(ctx, target)
        for _ in range(5):
            assert (await proxy.invoke(ctx, "e", JSON, b"{}"))[0] == 200
        server.close()

    asyncio.run(run())


def test_an_answer_that_breaks_off_is_not_asked_for_again(ctx: Context) -> None:
    requests = 0

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal requests
        await _read(reader)
        requests += 1
        writer.write(OK[:30])
        writer.close()

    async def run() -> None:
        server, target = await _serve(script)
        _route(ctx, target)
        status, _, body = await proxy.invoke(ctx, "e", JSON, b"{}")
        server.close()
        assert (status, json.loads(body)["OriginalStatusCode"]) == (424, 502)

    asyncio.run(run())
    assert requests == 1


def test_a_container_that_does_not_answer_times_out(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy, "INVOCATION_TIMEOUT_S", 0.05)

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _read(reader)
        await asyncio.sleep(0.3)
        writer.close()

    async def run() -> None:
        server, target = await _serve(script)
        _route(ctx, target)
        status, _, body = await proxy.invoke(ctx, "e", JSON, b"{}")
        assert (status, json.loads(body)["OriginalStatusCode"]) == (424, 0)
        assert "timed out" in json.loads(body)["OriginalMessage"]
        assert (target.in_flight, target.idle) == (0, [])
        server.close()
        await asyncio.sleep(0.3)

    asyncio.run(run())


def test_a_request_waits_for_a_process_that_is_being_restarted(ctx: Context) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _read(reader)
        writer.write(OK)
        writer.close()

    async def run() -> None:
        server, target = await _serve(script)
        port, target.port = target.port, None
        _route(ctx, target)
        waiting = asyncio.create_task(proxy.invoke(ctx, "e", JSON, b"{}"))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        target.port = port
        assert (await waiting)[0] == 200
        server.close()

    asyncio.run(run())


def test_a_process_that_just_died_is_waited_for(ctx: Context) -> None:
    """Its supervisor has not noticed yet: the old port is still there, and refuses."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _read(reader)
        writer.write(OK)
        writer.close()

    async def run() -> None:
        dead, target = await _serve(script)
        dead.close()
        await dead.wait_closed()
        _route(ctx, target)
        waiting = asyncio.create_task(proxy.invoke(ctx, "e", JSON, b"{}"))
        await asyncio.sleep(0.2)
        assert not waiting.done()
        server, restarted = await _serve(script)
        target.port = restarted.port
        assert (await waiting)[0] == 200
        server.close()

    asyncio.run(run())


def test_no_process_comes_back(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy, "RESTART_WAIT_S", 0.05)
    _route(ctx, Target("live/i-1"))
    with pytest.raises(ServiceError, match="No instance of e is healthy") as caught:
        asyncio.run(proxy.invoke(ctx, "e", JSON, b"{}"))
    assert (caught.value.code, caught.value.status) == ("ServiceUnavailable", 503)


def test_unknown_endpoints_and_variants(ctx: Context) -> None:
    with pytest.raises(ServiceError, match=r"Endpoint e of account 123456789012 not found\.") as caught:
        asyncio.run(proxy.invoke(ctx, "e", JSON, b"{}"))
    assert caught.value.code == "ValidationError"
    _route(ctx, Target("live/i-1", 1))
    with pytest.raises(ServiceError, match="Variant other not found"):
        asyncio.run(proxy.invoke(ctx, "e", [*JSON, (b"x-amzn-sagemaker-target-variant", b"other")], b"{}"))


def test_a_body_above_the_limit(ctx: Context) -> None:
    status, _, body = asyncio.run(proxy.invoke(ctx, "e", JSON, bytes(proxy.MAX_BODY_BYTES + 1)))
    assert status == 413
    assert b"6291456" in body


def test_traffic_follows_weights_and_healthy_targets() -> None:
    one = Variant("one", 1.0, [Target("a"), Target("b", 1), Target("c", 2)])
    nine = Variant("nine", 9.0, [Target("d", 3)])
    route = Route((one, nine))
    drawn = [route.variant(None) for _ in range(2000)]
    assert 100 < sum(variant is one for variant in drawn) < 300
    assert route.variant("one") is one
    assert {target.log_stream for target in (one.pick() for _ in range(9)) if target} == {"b", "c"}
    assert Variant("none", 1.0, [Target("a")]).pick() is None
