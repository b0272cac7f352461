"""Reads what the night's jobs wrote to S3."""

from __future__ import annotations

import io
import json
import tarfile
from typing import Any
from urllib.parse import urlsplit


def read(s3: Any, uri: str) -> bytes:
    """The object at an S3 URI."""
    parts = urlsplit(uri)
    body: bytes = s3.get_object(Bucket=parts.netloc, Key=parts.path.lstrip("/"))["Body"].read()
    return body


def read_json(s3: Any, uri: str) -> dict[str, Any]:
    """The JSON document at an S3 URI."""
    document: dict[str, Any] = json.loads(read(s3, uri))
    return document


def read_bundle(s3: Any, archive_uri: str) -> dict[str, Any]:
    """``bundle.json`` of a model archive.

    Raises:
        ValueError: the archive has none.
    """
    with tarfile.open(fileobj=io.BytesIO(read(s3, archive_uri))) as archive:
        for member in archive:
            if member.isfile() and member.name.removeprefix("./") == "bundle.json":
                file = archive.extractfile(member)
                assert file is not None, "a regular file can be read"
                document: dict[str, Any] = json.loads(file.read())
                return document
    raise ValueError(f"{archive_uri} has no bundle.json")


def console_link(uri: str, region: str) -> str:
    """Where the AWS console shows the object at an S3 URI."""
    parts = urlsplit(uri)
    query = f"region={region}&prefix={parts.path.lstrip('/')}"
    return f"https://{region}.console.aws.amazon.com/s3/object/{parts.netloc}?{query}"
