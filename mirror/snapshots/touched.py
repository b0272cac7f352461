"""Which S3 keys a request to moto's WSGI application may have changed."""

from __future__ import annotations

from functools import lru_cache
from types import SimpleNamespace
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote
from xml.etree import ElementTree as ET

from moto.s3.responses import S3Response
from moto.s3.utils import bucket_name_from_url

SERVICE = "fraudline.service"
"""The environ variable with the service that a request is signed for; "" for an unsigned one."""

# Steps of a multipart upload change no object before the last of them.
_UPLOAD_STEPS = {("POST", "uploads"), ("PUT", "partNumber"), ("DELETE", "uploadId")}


class Touched(NamedTuple):
    """Keys of a bucket; `keys` is None if the request concerns the bucket itself."""

    bucket: str
    keys: list[str] | None


def may_write(environ: dict[str, Any]) -> bool:
    """Whether the request is one that can change state."""
    return environ["REQUEST_METHOD"] not in ("GET", "HEAD", "OPTIONS")


def find(environ: dict[str, Any]) -> Touched | None:
    """What a writing request touches in S3, or None for another service. Leaves the body unread."""
    if environ.get(SERVICE, "") not in ("", "s3") or "HTTP_X_AMZ_TARGET" in environ:
        return None
    bucket, key = _address(environ)
    if not bucket:
        return None
    method, query = environ["REQUEST_METHOD"], parse_qs(environ["QUERY_STRING"], keep_blank_values=True)
    if key:
        is_step = any(method == step and name in query for step, name in _UPLOAD_STEPS)
        return Touched(bucket, [] if is_step else [key])
    if method == "POST" and "delete" in query:
        return Touched(bucket, _deleted(environ["wsgi.input"].getvalue()))
    return Touched(bucket, None)


def _address(environ: dict[str, Any]) -> tuple[str, str]:
    # As moto reads it: the escaped path, because an escaped slash belongs to the key.
    path = unquote(environ["RAW_URI"].partition("?")[0]).removeprefix("/")
    named = _bucket_of_host(environ.get("HTTP_HOST", ""))
    if named:
        return named, path
    bucket, _, key = path.partition("/")
    return bucket, key


@lru_cache(maxsize=256)
def _bucket_of_host(host: str) -> str:
    if not host or not S3Response.subdomain_based_buckets(SimpleNamespace(headers={"host": host})):
        return ""
    return bucket_name_from_url(f"http://{host}/") or ""


def _deleted(body: bytes) -> list[str]:
    try:
        root = ET.fromstring(body)  # noqa: S314  # a local client's request, which moto parses too
    except ET.ParseError:  # moto refuses it as well
        return []
    return [node.text or "" for node in root.iter() if node.tag.rpartition("}")[2] == "Key"]
