"""A model container that is healthy but answers late, or with an error: DELAY_S and STATUS."""

from __future__ import annotations

import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_DELAY_S = float(os.environ.get("DELAY_S", "0"))
_STATUS = int(os.environ.get("STATUS", "200"))
_BODY = b'{"decided_by": "faulty"}'


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(200)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", "0")))
        time.sleep(_DELAY_S)
        self._answer(_STATUS)

    def log_message(self, *_: object) -> None:
        """Not a line for every ping."""

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(_BODY)))
        self.end_headers()
        self.wfile.write(_BODY)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), _Handler).serve_forever()
