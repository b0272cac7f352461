"""Which keys a request touches."""

from __future__ import annotations

import io

import pytest

from mirror.snapshots.touched import SERVICE, Touched, find

_DELETE = b"""<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
<Object><Key>a &amp; b</Key></Object><Object><Key>c</Key><VersionId>1</VersionId></Object></Delete>"""


@pytest.mark.parametrize(
    ("method", "uri", "host", "expected"),
    [
        ("PUT", "/lake/a/b%20c", "127.0.0.1:4", Touched("lake", ["a/b c"])),
        ("PUT", "/lake/a?x-id=PutObject", "localhost:4", Touched("lake", ["a"])),
        ("PUT", "/a/b", "lake.s3.us-east-1.amazonaws.com", Touched("lake", ["a/b"])),
        ("POST", "/lake/a?uploads", "127.0.0.1:4", Touched("lake", [])),
        ("PUT", "/lake/a?partNumber=1&uploadId=u", "127.0.0.1:4", Touched("lake", [])),
        ("POST", "/lake/a?uploadId=u", "127.0.0.1:4", Touched("lake", ["a"])),
        ("DELETE", "/lake/a?versionId=1", "127.0.0.1:4", Touched("lake", ["a"])),
        ("POST", "/lake?delete", "127.0.0.1:4", Touched("lake", ["a & b", "c"])),
        ("PUT", "/lake", "127.0.0.1:4", Touched("lake", None)),
        ("PUT", "/lake/?versioning", "127.0.0.1:4", Touched("lake", None)),
        ("POST", "/", "127.0.0.1:4", None),
    ],
)
@pytest.mark.parametrize("service", ["", "s3"])
def test_keys_of_a_request(method: str, uri: str, host: str, expected: Touched | None, service: str) -> None:
    environ = {
        SERVICE: service,
        "REQUEST_METHOD": method,
        "RAW_URI": uri,
        "QUERY_STRING": uri.partition("?")[2],
        "HTTP_HOST": host,
        "wsgi.input": io.BytesIO(_DELETE),
    }
    assert find(environ) == expected
    assert find({**environ, SERVICE: "sqs"}) is None
