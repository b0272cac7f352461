"""Requests that are wrong get a 4xx that names the field, and the server goes on."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
from typing import Any

import pytest

from inference.server.app import MAX_BODY_BYTES
from tests.inference.running import GOOD, Server, Store


def _without(field: str) -> bytes:
    return json.dumps({key: value for key, value in GOOD.items() if key != field}).encode()


def _with(**changes: Any) -> bytes:
    return json.dumps(GOOD | changes).encode()


def _literal(field: str, text: str) -> bytes:
    marker = "@@marker@@"
    return json.dumps(GOOD | {field: marker}).replace(f'"{marker}"', text).encode()


BAD: dict[str, tuple[bytes, int, str | None]] = {
    "empty body": (b"", 400, None),
    "not JSON": (b"hello", 400, None),
    "truncated JSON": (b'{"transaction_id": "t', 400, None),
    "two documents": (_with() + _with(), 400, None),
    "an empty batch": (b"[]", 400, "body"),
    "a string": (b'"t-1"', 400, None),
    "null": (b"null", 400, None),
    "invalid UTF-8": (b'{"transaction_id": "\xff\xfe"}', 400, None),
    "deep nesting": (b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400, None),
    "no transaction_id": (_without("transaction_id"), 422, "transaction_id"),
    "no user_id": (_without("user_id"), 422, "user_id"),
    "no merchant_id": (_without("merchant_id"), 422, "merchant_id"),
    "no amount": (_without("amount"), 422, "amount"),
    "no currency": (_without("currency"), 422, "currency"),
    "no timestamp": (_without("timestamp"), 422, "timestamp"),
    "user_id is a number": (_with(user_id=7), 422, "user_id"),
    "user_id is empty": (_with(user_id=""), 422, "user_id"),
    "user_id is too long": (_with(user_id="u" * 65), 422, "user_id"),
    "user_id is unprintable": (_with(user_id="a\u0000b"), 422, "user_id"),
    "merchant_id is null": (_with(merchant_id=None), 422, "merchant_id"),
    "amount is text": (_with(amount="12"), 422, "amount"),
    "amount is negative": (_with(amount=-1), 422, "amount"),
    "amount is zero": (_with(amount=0), 422, "amount"),
    "amount is huge": (_with(amount=1e300), 422, "amount"),
    "amount has too many decimals": (_with(amount=1.234), 422, "amount"),
    "amount is NaN": (_literal("amount", "NaN"), 422, "amount"),
    "amount is Infinity": (_literal("amount", "Infinity"), 422, "amount"),
    "amount is an exponent bomb": (_literal("amount", "1e999999999"), 422, "amount"),
    "amount is an object": (_with(amount={"value": 1}), 422, "amount"),
    "currency is unknown": (_with(currency="XXQ"), 422, "currency"),
    "currency is lower case": (_with(currency="eur"), 422, "currency"),
    "timestamp is a number": (_with(timestamp=1_700_000_000), 422, "timestamp"),
    "timestamp is nonsense": (_with(timestamp="yesterday"), 422, "timestamp"),
    "timestamp has no zone": (_with(timestamp="2026-03-01T12:00:00"), 422, "timestamp"),
    "timestamp is in the future": (_with(timestamp="2999-01-01T00:00:00Z"), 422, "timestamp"),
    "timestamp is ancient": (_with(timestamp="1970-01-01T00:00:00Z"), 422, "timestamp"),
    "latitude is out of range": (_with(location={"lat": 91, "lon": 0}), 422, "location.lat"),
    "longitude is missing": (_with(location={"lat": 1}), 422, "location.lon"),
    "location is a list": (_with(location=[1, 2]), 422, "location"),
    "country is unknown": (_with(country="ZZ"), 422, "country"),
    "channel is unknown": (_with(channel="pigeon"), 422, "channel"),
    "device is a number": (_with(device=5), 422, "device"),
    "status is unknown": (_with(status="maybe"), 422, "status"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_body(server: Server, store: Store, name: str) -> None:
    body, status, field = BAD[name]
    store.requests.clear()
    found, answer = server.request("POST", "/invocations", body)
    assert (found, answer["error"]["field"]) == (status, field), answer
    assert len(answer["error"]["message"]) > 5
    assert store.requests == []  # nothing was read for it, let alone written
    assert server.request("GET", "/ping")[0] == 200


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/octet-stream", "text/libsvm"])
def test_other_content_types(server: Server, content_type: str) -> None:
    status, answer = server.request("POST", "/invocations", _with(), content_type)
    assert (status, answer["error"]["field"]) == (415, "Content-Type")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/invocations", 405), ("POST", "/ping", 405), ("GET", "/", 404), ("POST", "/models", 404)],
)
def test_other_routes(server: Server, method: str, path: str, status: int) -> None:
    found, answer = server.request(method, path, b"{}" if method == "POST" else None)
    assert (found, bool(answer["error"]["message"])) == (status, True)


def test_a_body_that_announces_too_much_is_not_read(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        head = "POST /invocations HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        client.sendall(f"{head}content-length: {MAX_BODY_BYTES + 1}\r\n\r\n".encode())
        answer = client.recv(4096)
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"connection: close" in answer.lower()


def test_a_chunked_body_is_cut_off_at_the_limit(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    chunks = iter([b" " * 65_536] * 5)
    connection.request(
        "POST", "/invocations", chunks, {"content-type": "application/json"}, encode_chunked=True
    )
    assert connection.getresponse().status == 413
    assert server.request("GET", "/ping")[0] == 200


def test_a_body_that_never_comes_ends_in_408(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
        head = "POST /invocations HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        client.sendall(f"{head}content-length: 10\r\n\r\n{{".encode())
        assert client.recv(4096).startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize("garbage", [b"\x00" * 100, b"GET\r\n\r\n", b"POST /invocations HTTP/9.9\r\n\r\n"])
def test_what_is_not_http_does_no_harm(server: Server, garbage: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(garbage)
        client.settimeout(1)
        with contextlib.suppress(TimeoutError):
            client.recv(4096)
    assert server.request("GET", "/ping")[0] == 200
