"""InvokeEndpoint: from the front's event loop straight to a server process, and back."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import msgspec

from mirror.api import Context, ServiceError
from mirror.endpoints.connection import Connection, ConnectionLostError, Headers, Reply
from mirror.endpoints.hosting import Hosting, hosting
from mirror.endpoints.target_models import LoadFailedError, loaded
from mirror.endpoints.targets import Route, Target, Variant

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 6 * 1024 * 1024
INVOCATION_TIMEOUT_S = 60.0
#: How long a request waits for a process that is being restarted.
RESTART_WAIT_S = 15.0
_POLL_S = 0.02
_ATTEMPTS = 3

_CUSTOM = b"x-amzn-sagemaker-custom-attributes"
_TARGET_VARIANT = b"x-amzn-sagemaker-target-variant"
_TARGET_MODEL = b"x-amzn-sagemaker-target-model"
_FORWARDED = frozenset({b"content-type", b"accept", _CUSTOM, _TARGET_MODEL})
#: Requests that shadows have not answered yet; what comes beyond is not copied.
_MOST_COPIES = 64
_TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container primary. Review the latency "
    "metrics for each container in Amazon CloudWatch, resolve the issue, and try again."
)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request as the client sent it."""

    forwarded: bytes
    variant: str | None
    model: str | None
    body: bytes

    def head(self, port: int, path: str) -> bytes:
        return _request_head("POST", port, path, self.forwarded, len(self.body))


async def invoke(
    ctx: Context, endpoint_name: str, headers: Headers, body: bytes
) -> tuple[int, Headers, bytes]:
    """Send `body` to a process of the endpoint.

    Args:
        headers: the request's headers, names in lower case.

    Returns:
        Status, headers and body of the HTTP response, a ``ModelError`` (424) included.

    Raises:
        ServiceError: there is no such endpoint, variant or model, a serverless endpoint is busy, or no
            process came back in time.
    """
    if len(body) > MAX_BODY_BYTES:
        message = f"HTTP content length exceeded {MAX_BODY_BYTES} bytes."
        return 413, [(b"content-type", b"application/json")], msgspec.json.encode({"message": message})
    asked = _asked(headers, body)
    host = hosting(ctx.cloud)
    attempts = 0
    arrived = time.monotonic()
    copied = False
    while True:
        route, variant, target, port = await _choose(host, ctx, endpoint_name, asked, arrived)
        if not copied:
            copied = True
            _copy(host, ctx, endpoint_name, route, asked)
        target.in_flight += 1
        target.used_at = sent = time.monotonic()
        failed: tuple[int, str] | None = None
        try:
            async with asyncio.timeout(INVOCATION_TIMEOUT_S):
                async with _path(ctx, variant, target, port, asked) as path:
                    sent = time.monotonic()
                    reply = await _exchange(target, port, asked.head(port, path), body)
        except TimeoutError:
            failed = 0, _TIMED_OUT
        except LoadFailedError as error:
            failed = error.status, str(error)
        except ConnectionLostError as error:
            # Only a request that the process cannot have begun to answer is sent again.
            attempts += 1
            if error.untouched and attempts < _ATTEMPTS:
                continue
            failed = 502, str(error)
        except OSError as error:
            # Nothing listens: the process has just died, and its supervisor will notice.
            if time.monotonic() < arrived + RESTART_WAIT_S:
                await asyncio.sleep(_POLL_S)
                continue
            failed = 503, str(error)
        finally:
            target.in_flight -= 1
            target.used_at = time.monotonic()
        took = time.monotonic() - sent
        meter = host.meter((ctx.region, endpoint_name), variant.name)
        meter.note(0 if failed else reply.status, 1e6 * took, 1e6 * (sent - arrived))
        if failed:
            return _model_error(ctx, endpoint_name, *failed)
        if 200 <= reply.status < 300:
            return 200, _response_headers(reply, variant), reply.body
        return _model_error(ctx, endpoint_name, reply.status, reply.body.decode(errors="replace"))


def _asked(headers: Headers, body: bytes) -> _Asked:
    found: dict[bytes, str] = {}
    forwarded = b""
    for name, value in headers:
        if name in _FORWARDED:
            forwarded += name + b": " + value + b"\r\n"
        if name in (_TARGET_VARIANT, _TARGET_MODEL):
            found[name] = value.decode("latin-1")
    return _Asked(forwarded, found.get(_TARGET_VARIANT), found.get(_TARGET_MODEL), body)


@asynccontextmanager
async def _path(
    ctx: Context, variant: Variant, target: Target, port: int, asked: _Asked
) -> AsyncIterator[str]:
    """Where the process takes the request, once it has loaded the model that it is for."""
    if variant.models is None:
        if asked.model is not None:
            raise ServiceError(
                "ValidationError", f"TargetModel {asked.model}: variant {variant.name} has one model only"
            )
        yield "/invocations"
        return
    if asked.model is None:
        raise ServiceError(
            "ValidationError", f"Variant {variant.name} has several models: name one as TargetModel."
        )

    async def ask(method: str, path: str, content: bytes) -> Reply:
        head = _request_head(method, port, path, b"content-type: application/json\r\n", len(content))
        return await _exchange(target, port, head, content)

    async with loaded(ctx.cloud, target, variant.models, asked.model, ask) as name:
        yield f"/models/{name}/invoke"


def _copy(host: Hosting, ctx: Context, endpoint_name: str, route: Route, asked: _Asked) -> None:
    """Let the shadow have the request too. Nobody waits for it, and nobody is told what it answers."""
    shadow = route.shadow_drawn()
    target = None if shadow is None else shadow.pick()
    if shadow is None or target is None or target.port is None or len(host.copies) >= _MOST_COPIES:
        return
    meter, port = host.meter((ctx.region, endpoint_name), shadow.name), target.port

    async def send() -> None:
        target.in_flight += 1
        sent, status = time.monotonic(), 0
        try:
            async with asyncio.timeout(INVOCATION_TIMEOUT_S):
                reply = await _exchange(target, port, asked.head(port, "/invocations"), asked.body)
            status = reply.status
        except (TimeoutError, ConnectionLostError, OSError):
            log.info("the shadow %s of %s did not answer", shadow.name, endpoint_name)
        finally:
            target.in_flight -= 1
        meter.note(status, 1e6 * (time.monotonic() - sent), 0.0)

    task = asyncio.get_running_loop().create_task(send())
    host.copies.add(task)
    task.add_done_callback(host.copies.discard)


async def _choose(
    host: Hosting, ctx: Context, endpoint_name: str, asked: _Asked, arrived: float
) -> tuple[Route, Variant, Target, int]:
    """A healthy process of the endpoint, waiting for one that is being restarted or is asleep."""
    while True:
        route = host.routes.get((ctx.region, endpoint_name))
        if route is None:
            raise ServiceError(
                "ValidationError", f"Endpoint {endpoint_name} of account {ctx.account} not found."
            )
        route = route.drawn()
        variant = route.variant(asked.variant)
        if variant is None:
            raise ServiceError(
                "ValidationError", f"Variant {asked.variant} not found for endpoint {endpoint_name}."
            )
        serverless = variant.most_at_once is not None
        if serverless and variant.in_flight >= (variant.most_at_once or 0):
            raise ServiceError(
                "ThrottlingException",
                f"{endpoint_name} answers {variant.most_at_once} requests at a time (MaxConcurrency).",
            )
        target = variant.pick()
        if target is not None and target.port is not None:
            return route, variant, target, target.port
        variant.wake()
        if time.monotonic() >= arrived + (INVOCATION_TIMEOUT_S if serverless else RESTART_WAIT_S):
            raise ServiceError("ServiceUnavailable", f"No instance of {endpoint_name} is healthy.", 503)
        await asyncio.sleep(_POLL_S)


async def _exchange(target: Target, port: int, head: bytes, body: bytes) -> Reply:
    connection = None
    while target.idle and connection is None:
        connection = target.idle.pop()
        if connection.port != port or not connection.reusable:  # of a process that is gone
            connection.close()
            connection = None
    if connection is None:
        connection = await Connection.open(port)
    try:
        reply = await connection.request(head, body)
    except BaseException:
        connection.close()
        raise
    if connection.reusable:
        target.idle.append(connection)
    else:
        connection.close()
    return reply


def _request_head(method: str, port: int, path: str, forwarded: bytes, length: int) -> bytes:
    return b"%s %s HTTP/1.1\r\nhost: 127.0.0.1:%d\r\n%scontent-length: %d\r\n\r\n" % (
        method.encode(),
        path.encode(),
        port,
        forwarded,
        length,
    )


def _response_headers(reply: Reply, variant: Variant) -> Headers:
    headers: Headers = [(b"x-amzn-invoked-production-variant", variant.name.encode())]
    headers += [(name, reply.headers[name]) for name in (b"content-type", _CUSTOM) if name in reply.headers]
    return headers


def _model_error(ctx: Context, endpoint_name: str, status: int, original: str) -> tuple[int, Headers, bytes]:
    """The container's refusal or failure, in the form SageMaker wraps it."""
    group = f"/aws/sagemaker/Endpoints/{endpoint_name}"
    kind = "client" if 400 <= status < 500 else "server"
    console = f"https://{ctx.region}.console.aws.amazon.com/cloudwatch/home?region={ctx.region}"
    answer = {
        "ErrorCode": "CLIENT_ERROR_FROM_MODEL" if kind == "client" else "SERVER_ERROR_FROM_MODEL",
        "LogStreamArn": ctx.arn("logs", f"log-group:{group}"),
        "Message": f'Received {kind} error ({status}) from primary with message "{original}". See '
        f"{console}#logEventViewer:group={group} in account {ctx.account} for more information.",
        "OriginalMessage": original,
        "OriginalStatusCode": status,
    }
    headers: Headers = [
        (b"content-type", b"application/json"),
        (b"x-amzn-errortype", b"ModelError"),
    ]
    return 424, headers, msgspec.json.encode(answer)
