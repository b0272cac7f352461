"""S3 objects read and written in the mirror's own memory.

A night's training input is thousands of small objects, and moto's HTTP server moves about two
hundred of them a second; the same objects are a dictionary lookup away in this process.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from moto.s3.exceptions import MissingBucket
from moto.s3.models import S3Backend, s3_backends

from mirror.snapshots import service as snapshots

_URI = re.compile(r"s3://([^/]+)(?:/(.*))?", re.DOTALL)


class StorageError(Exception):
    """An object or bucket is missing, or an address is not an S3 URI; the message names it."""


class Location(NamedTuple):
    """A bucket and a key or key prefix (without leading slash; may be empty)."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, uri: str) -> Location:
        """The parts of ``s3://bucket/key``.

        Raises:
            StorageError: `uri` has another form.
        """
        found = _URI.fullmatch(uri)
        if found is None:
            raise StorageError(f"{uri!r} is not an S3 URI; use s3://bucket/key")
        return cls(found[1], found[2] or "")

    @property
    def uri(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    def child(self, name: str) -> Location:
        """The location `name` below this one, with exactly one slash between."""
        return Location(self.bucket, f"{self.key.rstrip('/')}/{name}".lstrip("/"))


def keys(account: str, prefix: Location) -> list[str]:
    """Keys that begin with ``prefix.key``, sorted.

    Raises:
        StorageError: the bucket does not exist.
    """
    backend = _backend(account)
    try:
        bucket = backend.get_bucket(prefix.bucket)
    except MissingBucket as error:
        raise StorageError(f"bucket {prefix.bucket!r} does not exist") from error
    found = [key for key in list(bucket.keys) if key.startswith(prefix.key)]
    return sorted(key for key in found if backend.get_object(prefix.bucket, key) is not None)


def read(account: str, location: Location, version: str | None = None) -> bytes:
    """The bytes of one object (or of one version of it).

    Raises:
        StorageError: the bucket or the object does not exist.
    """
    backend = _backend(account)
    for attempt in (1, 2):
        try:
            found = backend.get_object(location.bucket, location.key, version_id=version)
            if found is None:
                raise StorageError(f"{location.uri} does not exist")
            return bytes(found.value)
        except MissingBucket as error:
            raise StorageError(f"bucket {location.bucket!r} does not exist") from error
        except ValueError as error:  # overwritten between lookup and read: its buffer is closed
            if attempt == 2:
                raise StorageError(f"{location.uri} is being overwritten") from error
    raise AssertionError("unreachable")


def write(account: str, location: Location, content: bytes) -> None:
    """Store one object, with the bucket's encryption, versioning and notifications.

    Raises:
        StorageError: the bucket does not exist.
    """
    try:
        _backend(account).put_object(location.bucket, location.key, content)
    except MissingBucket as error:
        raise StorageError(f"bucket {location.bucket!r} does not exist") from error
    snapshots.object_written(location.bucket, location.key)


def _backend(account: str) -> S3Backend:
    return s3_backends[account]["aws"]
