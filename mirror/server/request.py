"""What the front needs to know of an HTTP request before it can route it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Headers = list[tuple[bytes, bytes]]


@dataclass(slots=True)
class Request:
    """One HTTP request. `service` and `region` are those its SigV4 signature is scoped to.

    `origin` is the web page that sent it: browsers say so, AWS clients do not. `host` is whom the client
    believes to talk to.
    """

    method: str
    path: str
    raw_path: bytes
    query: bytes
    headers: Headers
    body: bytes
    service: str
    region: str
    target: bytes | None
    origin: bytes | None = None
    host: bytes = b""

    def header(self, name: bytes) -> str | None:
        """The first header `name` (lower case), decoded."""
        for key, value in self.headers:
            if key == name:
                return value.decode("latin-1")
        return None


@dataclass(slots=True)
class Response:
    """An HTTP response with its whole body."""

    status: int
    headers: Headers
    body: bytes


def read_request(scope: Any, body: bytes, default_region: str) -> Request:
    """Build a `Request` from an ASGI scope and the body that came with it."""
    service, region, target, origin, host = "", default_region, None, None, b""
    for name, value in scope["headers"]:
        if name == b"authorization":
            service, region = signature_scope(value, default_region)
        elif name == b"x-amz-target":
            target = value
        elif name == b"origin":
            origin = value
        elif name == b"host":
            host = value
    return Request(
        scope["method"],
        scope["path"],
        scope["raw_path"],
        scope["query_string"],
        scope["headers"],
        body,
        service,
        region,
        target,
        origin,
        host,
    )


def signature_scope(authorization: bytes, default_region: str) -> tuple[str, str]:
    """``(service, region)`` of ``... Credential=KEY/20260101/us-east-1/kinesis/aws4_request, ...``.

    The mirror checks no signatures; a header in another form gives ``("", default_region)``.
    """
    _, found, rest = authorization.partition(b"Credential=")
    parts = rest.split(b",", 1)[0].split(b"/")
    if not found or len(parts) < 5:
        return "", default_region
    return parts[-2].decode("latin-1"), parts[-3].decode("latin-1")
