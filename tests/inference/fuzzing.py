"""Bytes that are almost requests."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

from tests.inference.running import GOOD

_TOKENS = (
    b"null", b"true", b"{}", b"[]",
    b'""', b"-1", b"1e400", b"NaN", b"Infinity", b"0.1", b"\\u0000", b"\xff", b"\x00",
    b'"', b"{", b"[", b",", b":", b"\xed\xa0\x80", b"9" * 40, b"a" * 300,
)  # fmt: skip
_TYPES = (
    b"application/json", b"application/jsonlines", b"text/csv", b"text/plain",
    b"", b"application/json; charset=x",
)  # fmt: skip
_ACCEPTS = (b"", b"application/json", b"text/csv", b"application/jsonlines", b"image/png", b"*/*")
_CSV = b"t-1,u-1,m-1,12.50,EUR,2026-03-01T12:34:56Z,48.8,2.3,FR,phone,online,approved"


def bodies(random: random.Random) -> bytes:
    """A body: good, changed in a field, or changed in its bytes."""
    kind = random.randrange(6)
    if kind == 0:
        return json.dumps(GOOD).encode()
    if kind == 1:
        return json.dumps(_changed(random)).encode()
    if kind == 2:
        return json.dumps([_changed(random) for _ in range(random.randrange(4))]).encode()
    if kind == 3:
        return b"\n".join([_mangled(_CSV, random) for _ in range(random.randrange(1, 4))])
    if kind == 4:
        return b"\n".join(
            [_mangled(json.dumps(GOOD).encode(), random) for _ in range(random.randrange(1, 4))]
        )
    return _mangled(json.dumps(GOOD).encode(), random)


def request(random: random.Random) -> bytes:
    """A whole request; one in twenty has a head that is mangled too."""
    body = bodies(random)
    path = random.choice(
        (b"/invocations",) * 12 + (b"/ping", b"/metrics", b"/models", b"/openapi.json", b"/%00", b"//")
    )
    method = (
        b"POST" if path == b"/invocations" else random.choice((b"GET", b"POST", b"PUT", b"HEAD", b"DELETE"))
    )
    head = b"%s %s HTTP/1.1\r\nhost: x\r\ncontent-type: %s\r\naccept: %s\r\ncontent-length: %d\r\n\r\n" % (
        method, path, random.choice(_TYPES), random.choice(_ACCEPTS), len(body),
    )  # fmt: skip
    if random.randrange(20) == 0:
        head = _mangled(head, random)
    return head + body


def _changed(random: random.Random) -> dict[str, object]:
    values: tuple[Callable[[], object], ...] = (
        lambda: None,
        lambda: random.choice(("", "x" * 70, "\u0000", "é", "2026-13-01T00:00:00Z", "ZZ")),
        lambda: random.choice((0, -1, 1e308, 1.2345, 10**30)),
        lambda: [],
        lambda: {"lat": random.choice((91, "1", None)), "lon": 0},
    )
    return GOOD | {random.choice(tuple(GOOD)): random.choice(values)()}


def _mangled(data: bytes, random: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(random.randrange(1, 4)):
        at = random.randrange(len(changed) + 1)
        match random.randrange(4):
            case 0:
                changed[at:at] = random.choice(_TOKENS)
            case 1:
                del changed[at : at + random.randrange(1, 12)]
            case 2:
                changed[at : at + 1] = bytes([random.randrange(256)])
            case _:
                changed[at:at] = changed[at : at + random.randrange(1, 40)]
    return bytes(changed)
