"""moto behind the front: its WSGI application, called from worker threads."""

from __future__ import annotations

import io
import sys
from typing import Any

from moto.core.request import (
    PRESERVED_HEADER_NAMES_ENVIRON_KEY,
    environ_key_for_header,
    should_preserve_original_header_name,
)
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from mirror.cloud import Cloud
from mirror.server.request import Request, Response
from mirror.snapshots import service as snapshots
from mirror.snapshots import touched

# The body arrives whole, so hop-by-hop framing must not reach moto.
_DROPPED = {b"transfer-encoding", b"connection", b"expect"}


class Moto:
    """moto's dispatcher for every service that the mirror does not answer itself."""

    def __init__(self, cloud: Cloud) -> None:
        self._app = snapshots.of(cloud).watch(DomainDispatcherApplication(create_backend_app))
        self._port = str(cloud.port)

    def handle(self, request: Request) -> Response:
        """Answer one request. Blocking: call it from a worker thread."""
        started: list[tuple[int, list[tuple[bytes, bytes]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> None:
            started[:] = [
                (
                    int(status.split(" ", 1)[0]),
                    [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in headers],
                )
            ]

        chunks = self._app(self._environ(request), start_response)
        try:
            body = b"".join(chunks)
        finally:
            getattr(chunks, "close", lambda: None)()
        status, headers = started[0]
        return Response(status, headers, body)

    def _environ(self, request: Request) -> dict[str, Any]:
        environ: dict[str, Any] = {
            touched.SERVICE: request.service,
            "REQUEST_METHOD": request.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": request.path.encode().decode("latin-1"),
            "RAW_URI": _uri(request),
            "REQUEST_URI": _uri(request),
            "QUERY_STRING": request.query.decode("latin-1"),
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": self._port,
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_LENGTH": str(len(request.body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(request.body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        names: dict[str, str] = {}
        for raw_name, raw_value in request.headers:
            if raw_name in _DROPPED or raw_name == b"content-length":
                continue
            name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
            if raw_name == b"content-type":
                environ["CONTENT_TYPE"] = value
                continue
            key = environ_key_for_header(name)
            environ[key] = f"{environ[key]},{value}" if key in environ else value
            if should_preserve_original_header_name(name):
                names.setdefault(key, name)
        environ[PRESERVED_HEADER_NAMES_ENVIRON_KEY] = names
        return environ


def _uri(request: Request) -> str:
    path = request.raw_path.decode("latin-1")
    return f"{path}?{request.query.decode('latin-1')}" if request.query else path
