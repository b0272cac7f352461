"""The head of an HTTP/1.1 request: read strictly once, and remembered.

A client's requests have the same head again and again, so most are found by their bytes alone. What is
not found is read by llhttp, which refuses what servers and proxies have been made to disagree about.
"""

from __future__ import annotations

from typing import NamedTuple

import httptools

from inference.server.errors import RefusedError

MAX_HEAD_BYTES = 16 * 1024
_MOST_REMEMBERED = 1024
_TARGET_MODEL = b"x-amzn-sagemaker-target-model"


class Head(NamedTuple):
    """What the server acts on.

    Attributes:
        media_type, accept: without parameters, lower case; `accept` is empty when absent.
        length: of the body in bytes; None when it comes in chunks.
        expects_continue: the client waits for leave to send the body.
        target_model: the archive that the caller of an endpoint with several models named; or empty.
    """

    method: str
    path: str
    media_type: str
    accept: str
    length: int | None
    keep_alive: bool
    expects_continue: bool
    target_model: str = ""


class _Reader:
    """Collects what llhttp finds."""

    def __init__(self) -> None:
        self.url = b""
        self.headers: dict[bytes, bytes] = {}
        self.done = False

    def on_url(self, part: bytes) -> None:
        self.url += part

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.lower()] = value.strip()

    def on_headers_complete(self) -> None:
        self.done = True


_remembered: dict[bytes, Head] = {}


def read_head(raw: bytes) -> Head:
    """Read a head, its empty line included.

    Raises:
        RefusedError: it is not HTTP, or its length makes no sense.
    """
    head = _remembered.get(raw)
    if head is None:
        head = _read(raw)
        if len(_remembered) >= _MOST_REMEMBERED:
            _remembered.clear()
        _remembered[raw] = head
    return head


def _read(raw: bytes) -> Head:
    reader = _Reader()
    parser = httptools.HttpRequestParser(reader)
    try:
        parser.feed_data(raw)
        target = httptools.parse_url(reader.url)
    except httptools.HttpParserUpgrade:
        raise RefusedError(400, "Upgrade", "this server speaks HTTP/1.1 only", close=True) from None
    except httptools.HttpParserError as error:
        raise RefusedError(400, None, f"not a valid HTTP/1.1 request: {error}", close=True) from None
    if not reader.done:
        raise RefusedError(400, None, "not a valid HTTP/1.1 request: its head is incomplete", close=True)
    coding = reader.headers.get(b"transfer-encoding", b"").lower()
    if coding not in (b"", b"chunked", b"identity"):
        text = coding.decode("latin-1")
        raise RefusedError(501, "Transfer-Encoding", f"{text}: send the body as it is", close=True)
    encoding = reader.headers.get(b"content-encoding", b"identity").lower()
    if encoding != b"identity":
        text = encoding.decode("latin-1")
        raise RefusedError(415, "Content-Encoding", f"{text}: send the body uncompressed", close=True)
    return Head(
        method=parser.get_method().decode("latin-1"),
        path=target.path.decode("latin-1"),
        media_type=_media_type(reader.headers.get(b"content-type", b"")),
        accept=_media_type(reader.headers.get(b"accept", b"")),
        length=None if coding == b"chunked" else int(reader.headers.get(b"content-length", b"0")),
        keep_alive=parser.should_keep_alive(),
        expects_continue=reader.headers.get(b"expect", b"").lower() == b"100-continue",
        target_model=reader.headers.get(_TARGET_MODEL, b"").decode("latin-1"),
    )


def _media_type(value: bytes) -> str:
    return value.split(b";", 1)[0].strip().lower().decode("latin-1")
