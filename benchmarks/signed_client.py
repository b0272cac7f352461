"""A boto3-compatible client without boto3's serialisers: keep-alive sockets, signed by botocore."""

from __future__ import annotations

import socket
from collections.abc import Mapping

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

_CREDENTIALS = Credentials("mirror", "mirror")


class SignedClient:
    """One connection to one service. Not thread-safe: give each thread its own."""

    def __init__(self, port: int, service: str, region: str) -> None:
        self._host = f"127.0.0.1:{port}"
        self._signer = SigV4Auth(_CREDENTIALS, service, region)
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def request(
        self, method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> bytes:
        """Send one signed request and return the response's body.

        Raises:
            ConnectionError: the server closed the connection.
            RuntimeError: the response is not a 200.
        """
        request = AWSRequest(method, f"http://{self._host}{target}", dict(headers or {}), body)
        self._signer.add_auth(request)
        lines = [f"{method} {target} HTTP/1.1", f"host: {self._host}", f"content-length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in request.headers.items()]
        self._socket.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return self._response()

    def _response(self) -> bytes:
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._receive()
        head, _, body = received.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        while len(body) < length:
            body += self._receive()
        if not head.startswith(b"HTTP/1.1 200"):
            status = head.partition(b"\r\n")[0].decode()
            raise RuntimeError(f"{status}: {body.decode()}")
        return body

    def _receive(self) -> bytes:
        chunk = self._socket.recv(65536)
        if not chunk:
            raise ConnectionError("the server closed the connection")
        return chunk
