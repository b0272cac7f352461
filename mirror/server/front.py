"""The ASGI application: routes each request to the data plane, an operation, a model or moto."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache, partial
from importlib.metadata import version
from typing import Any
from urllib.parse import unquote

import msgspec

from mirror.api import OPERATIONS, Context, Operation, ServiceError, service_model
from mirror.cloud import Cloud
from mirror.cloudformation import responses
from mirror.feature_store.http import SERVICE as FEATURE_STORE
from mirror.feature_store.http import FeatureStoreHttp
from mirror.kinesis.http import SERVICE as KINESIS
from mirror.kinesis.http import KinesisHttp
from mirror.server import dispatch
from mirror.server.lifecycle import Lifecycle
from mirror.server.moto_app import Moto
from mirror.server.request import Request, Response, read_request
from mirror.server.rest import Routes

# Services that are ours entirely: what nobody registered is an error, never moto's invention.
OWNED = (
    "sagemaker",
    "kinesis",
    "kinesisanalyticsv2",
    "sagemaker-featurestore-runtime",
    "sagemaker-runtime",
)
_JSON = b"application/json"
_AMZ_JSON = b"application/x-amz-json-1.1"
HEALTH = "/_fraudline/health"
_INVOCATION = re.compile(r"/endpoints/([^/]+)/invocations")
# Signatures are not checked, so a web page must not reach the mirror through its visitor's browser.
_LOOPBACK_PAGE = re.compile(rb"https?://(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?")
# Nor through a foreign name that its owner points at this machine (DNS rebinding): with a GET a browser sends
# no Origin, but always the name. S3 clients put buckets under .localhost, which never leaves the machine.
_LOOPBACK_HOST = re.compile(rb"(?:127\.0\.0\.1|\[::1\]|(?:[a-z0-9._-]+\.)?localhost)(?::\d+)?", re.IGNORECASE)
_WORKERS = 32
_VERSION = version("fraudline")


class Front:
    """One per mirror process. Data-plane calls run on the event loop, all others in worker threads."""

    def __init__(self, cloud: Cloud, lifecycle: Lifecycle) -> None:
        self.cloud = cloud
        self.ready = False
        self._lifecycle = lifecycle
        self._routes = Routes(OPERATIONS.values())
        self._prefixes = _target_prefixes()
        self._moto = Moto(cloud)
        self._feature_store = FeatureStoreHttp(cloud)
        self._kinesis = KinesisHttp(cloud)
        self._context = cache(partial(Context, cloud))
        self._pools: dict[str, ThreadPoolExecutor] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = await _read_body(receive)
        if body is None:
            return
        request = read_request(scope, body, self.cloud.region)
        if not _is_loopback(request.host):
            response = _foreign_host(request.host)
        elif request.origin is None or _LOOPBACK_PAGE.fullmatch(request.origin):
            response = await self._answer(request)
        else:
            response = _foreign_page(request.origin)
        headers = response.headers
        if request.method != "HEAD" and not any(name == b"content-length" for name, _ in headers):
            headers.append((b"content-length", str(len(response.body)).encode()))
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": response.body})

    async def _answer(self, request: Request) -> Response:
        if request.target is not None:
            if self._kinesis.serves(request.target):
                return self._stream_call(request.target, request)
            return await self._targeted(request)
        record = self._feature_store.find(request.method, request.raw_path)
        if record is not None:
            return self._record_call(*record, request)
        if request.path == HEALTH:
            return self._health()
        if request.path.startswith(responses.PREFIX):
            return _answered(request)
        if request.service == "sagemaker":
            invocation = _INVOCATION.fullmatch(request.path)
            if invocation:
                return await self._invoke(unquote(invocation[1]), request)
        found = self._routes.find(request)
        if found is not None:
            route, path = found
            run = partial(dispatch.run_rest, route, path, self._context(request.region), request)
            return await self._run(route.operation, run)
        if request.service == "sagemaker":
            return _not_implemented("sagemaker-runtime", f"{request.method} {request.path}")
        return await self._in_thread(f"moto-{request.service or 's3'}", partial(self._moto.handle, request))

    def _record_call(self, operation: str, group: str, request: Request) -> Response:
        # On the event loop: one LMDB transaction is faster than a change of thread.
        try:
            body = self._feature_store.run(operation, group, request.query, request.region, request.body)
            if dispatch.CHECK_SHAPES:
                dispatch.check_json(FEATURE_STORE, operation, body)
        except Exception as error:
            return dispatch.error_response(error, service_model(FEATURE_STORE), _JSON)
        return dispatch.success(body, _JSON)

    def _stream_call(self, target: bytes, request: Request) -> Response:
        try:
            body = self._kinesis.run(target, request.region, request.body)
            if dispatch.CHECK_SHAPES:
                dispatch.check_json(KINESIS, target.decode().partition(".")[2], body)
        except Exception as error:
            return dispatch.error_response(error, service_model(KINESIS), _AMZ_JSON)
        return Response(
            200, [(b"content-type", _AMZ_JSON), (b"x-amzn-requestid", dispatch.request_id())], body
        )

    async def _targeted(self, request: Request) -> Response:
        prefix, _, name = (request.target or b"").decode("latin-1").rpartition(".")
        service = self._prefixes.get(prefix, "")
        operation = OPERATIONS.get((service, name))
        if operation is not None:
            run = partial(dispatch.run_json, operation, self._context(request.region), request)
            return await self._run(operation, run)
        if service in OWNED:
            return _not_implemented(service, name)
        return await self._in_thread(f"moto-{request.service}", partial(self._moto.handle, request))

    async def _invoke(self, endpoint: str, request: Request) -> Response:
        from mirror.endpoints import proxy

        try:
            status, headers, body = await proxy.invoke(
                self._context(request.region), endpoint, request.headers, request.body
            )
        except ServiceError as error:
            model = service_model("sagemaker-runtime")
            return dispatch.error_response(error, model, b"application/json")
        return Response(status, headers, body)

    async def _run(self, operation: Operation, run: Callable[[], Response]) -> Response:
        if operation.inline:
            return run()
        return await self._in_thread(operation.service, run)

    async def _in_thread(self, pool: str, run: Callable[[], Response]) -> Response:
        # A pool for each service: slow calls of one (a stack, a function) never hold up another's.
        executor = self._pools.get(pool)
        if executor is None:
            executor = self._pools[pool] = ThreadPoolExecutor(_WORKERS, thread_name_prefix=pool)
        return await asyncio.get_running_loop().run_in_executor(executor, run)

    def _health(self) -> Response:
        document = {
            "status": "ready" if self.ready else "starting",
            "pid": os.getpid(),
            "port": self.cloud.port,
            "region": self.cloud.region,
            "version": _VERSION,
            "areas": self._lifecycle.areas,
        }
        body = msgspec.json.encode(document)
        return Response(200 if self.ready else 503, [(b"content-type", b"application/json")], body)


def _foreign_page(origin: bytes) -> Response:
    message = f"Origin: {origin.decode('latin-1')[:200]} is another web site; pages of this machine only"
    return _denied(message)


@lru_cache(64)
def _is_loopback(host: bytes) -> bool:
    return _LOOPBACK_HOST.fullmatch(host) is not None


def _foreign_host(host: bytes) -> Response:
    name = host.decode("latin-1")[:200] or "(none)"
    return _denied(
        f"Host: {name} is not this machine; use 127.0.0.1, localhost, [::1] or a name in .localhost"
    )


def _denied(message: str) -> Response:
    body = msgspec.json.encode({"__type": "AccessDeniedException", "message": message})
    return Response(403, [(b"content-type", _JSON)], body)


def _answered(request: Request) -> Response:
    """The function behind a custom resource answers CloudFormation."""
    try:
        known = responses.receive(request.path.removeprefix(responses.PREFIX), request.body)
    except ServiceError as error:
        return Response(400, [(b"content-type", b"text/plain")], error.message.encode())
    return Response(200 if known else 404, [], b"")


async def _read_body(receive: Any) -> bytes | None:
    message = await receive()
    if message["type"] != "http.request":
        return None
    body: bytes = message["body"]
    if not message["more_body"]:
        return body
    chunks = [body]
    while message["more_body"]:
        message = await receive()
        if message["type"] != "http.request":
            return None
        chunks.append(message["body"])
    return b"".join(chunks)


def _target_prefixes() -> dict[str, str]:
    services = {service for service, _ in OPERATIONS} | {"sagemaker", "kinesis"}
    return {
        service_model(service).metadata["targetPrefix"]: service
        for service in services
        if service_model(service).metadata["protocol"] == "json"
    }


def _not_implemented(service: str, name: str) -> Response:
    error = ServiceError(
        "NotImplemented",
        f"the mirror does not implement {service}.{name}; docs/mirror-coverage.md lists what it does",
        501,
    )
    return dispatch.error_response(error, service_model(service), b"application/json")
