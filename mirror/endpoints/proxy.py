"""InvokeEndpoint: from the front's event loop straight to a server process, and back."""

from __future__ import annotations

import asyncio
import time

import msgspec

from mirror.api import Context, ServiceError
from mirror.endpoints.connection import Connection, ConnectionLostError, Headers, Reply
from mirror.endpoints.hosting import Hosting, hosting
from mirror.endpoints.targets import Target, Variant

MAX_BODY_BYTES = 6 * 1024 * 1024
INVOCATION_TIMEOUT_S = 60.0
#: How long a request waits for a process that is being restarted.
RESTART_WAIT_S = 15.0
_POLL_S = 0.02
_ATTEMPTS = 3

_CUSTOM = b"x-amzn-sagemaker-custom-attributes"
_TARGET_VARIANT = b"x-amzn-sagemaker-target-variant"
_FORWARDED = frozenset({b"content-type", b"accept", _CUSTOM})
_TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container primary. Review the latency "
    "metrics for each container in Amazon CloudWatch, resolve the issue, and try again."
)


async def invoke(
    ctx: Context, endpoint_name: str, headers: Headers, body: bytes
) -> tuple[int, Headers, bytes]:
    """Send `body` to a process of the endpoint.

    Args:
        headers: the request's headers, names in lower case.

    Returns:
        Status, headers and body of the HTTP response, a ``ModelError`` (424) included.

    Raises:
        ServiceError: there is no such endpoint or variant, or no process came back in time.
    """
    if len(body) > MAX_BODY_BYTES:
        message = f"HTTP content length exceeded {MAX_BODY_BYTES} bytes."
        return 413, [(b"content-type", b"application/json")], msgspec.json.encode({"message": message})
    variant_name: str | None = None
    forwarded = b""
    for name, value in headers:
        if name in _FORWARDED:
            forwarded += name + b": " + value + b"\r\n"
        elif name == _TARGET_VARIANT:
            variant_name = value.decode("latin-1")
    host = hosting(ctx.cloud)
    deadline = time.monotonic() + RESTART_WAIT_S
    attempts = 0
    arrived = time.monotonic()
    while True:
        variant, target, port = await _choose(host, ctx, endpoint_name, variant_name, deadline)
        head = _request_head(port, forwarded, len(body))
        target.in_flight += 1
        sent = time.monotonic()
        failed: tuple[int, str] | None = None
        try:
            async with asyncio.timeout(INVOCATION_TIMEOUT_S):
                reply = await _exchange(target, port, head, body)
        except TimeoutError:
            failed = 0, _TIMED_OUT
        except ConnectionLostError as error:
            # Only a request that the process cannot have begun to answer is sent again.
            attempts += 1
            if error.untouched and attempts < _ATTEMPTS:
                continue
            failed = 502, str(error)
        except OSError as error:
            # Nothing listens: the process has just died, and its supervisor will notice.
            if time.monotonic() < deadline:
                await asyncio.sleep(_POLL_S)
                continue
            failed = 503, str(error)
        finally:
            target.in_flight -= 1
        took = time.monotonic() - sent
        meter = host.meter((ctx.region, endpoint_name), variant.name)
        meter.note(0 if failed else reply.status, 1e6 * took, 1e6 * (sent - arrived))
        if failed:
            return _model_error(ctx, endpoint_name, *failed)
        if 200 <= reply.status < 300:
            return 200, _response_headers(reply, variant), reply.body
        return _model_error(ctx, endpoint_name, reply.status, reply.body.decode(errors="replace"))


async def _choose(
    host: Hosting, ctx: Context, endpoint_name: str, variant_name: str | None, deadline: float
) -> tuple[Variant, Target, int]:
    """A healthy process of the endpoint, waiting until `deadline` for one that is being restarted."""
    while True:
        route = host.routes.get((ctx.region, endpoint_name))
        if route is None:
            raise ServiceError(
                "ValidationError", f"Endpoint {endpoint_name} of account {ctx.account} not found."
            )
        variant = route.variant(variant_name)
        if variant is None:
            raise ServiceError(
                "ValidationError", f"Variant {variant_name} not found for endpoint {endpoint_name}."
            )
        target = variant.pick()
        if target is not None and target.port is not None:
            return variant, target, target.port
        if time.monotonic() >= deadline:
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


def _request_head(port: int, forwarded: bytes, length: int) -> bytes:
    return b"POST /invocations HTTP/1.1\r\nhost: 127.0.0.1:%d\r\n%scontent-length: %d\r\n\r\n" % (
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
