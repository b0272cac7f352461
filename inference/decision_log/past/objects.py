"""Reads a tree of objects: a bucket's prefix, or a folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from inference.decision_log.past.decision import SourceError


class Objects(Protocol):
    """Objects by key; `where` names the place in messages."""

    @property
    def where(self) -> str: ...

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Keys that begin with `prefix`, in order.

        Raises:
            SourceError: they cannot be listed.
        """
        ...

    def read(self, key: str) -> bytes:
        """An object.

        Raises:
            SourceError: it cannot be read.
        """
        ...


class Bucket:
    """What is below a prefix of a bucket."""

    def __init__(self, s3: Any, bucket: str, prefix: str) -> None:
        self._s3, self._bucket = s3, bucket
        self._prefix = f"{prefix.rstrip('/')}/" if prefix else ""

    @property
    def where(self) -> str:
        return f"s3://{self._bucket}/{self._prefix}"

    def keys(self, prefix: str = "") -> Iterator[str]:
        """See `Objects.keys`."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=self._prefix + prefix
        )
        try:
            for page in pages:
                for item in page.get("Contents", []):
                    yield item["Key"][len(self._prefix) :]
        except (ClientError, BotoCoreError) as error:
            raise SourceError(f"{self.where}: {error}") from error

    def read(self, key: str) -> bytes:
        """See `Objects.read`."""
        try:
            body: bytes = self._s3.get_object(Bucket=self._bucket, Key=self._prefix + key)["Body"].read()
        except (ClientError, BotoCoreError) as error:
            raise SourceError(f"{self.where}{key}: {error}") from error
        return body


class Folder:
    """What is below a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def where(self) -> str:
        return f"{self._folder}/"

    def keys(self, prefix: str = "") -> Iterator[str]:
        """See `Objects.keys`."""
        if not self._folder.is_dir():
            raise SourceError(f"{self._folder}: is no folder")
        found = (path for path in self._folder.rglob("*") if path.is_file())
        yield from sorted(
            key for path in found if (key := path.relative_to(self._folder).as_posix()).startswith(prefix)
        )

    def read(self, key: str) -> bytes:
        """See `Objects.read`."""
        try:
            return (self._folder / key).read_bytes()
        except OSError as error:
            raise SourceError(f"{self._folder / key}: {error.strerror}") from error


def objects(uri: str, s3: Any) -> Objects:
    """The tree at ``s3://bucket/prefix`` or a folder; `s3` makes a client when it is a bucket."""
    if not uri.startswith("s3://"):
        return Folder(Path(uri))
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    return Bucket(s3(), bucket, prefix)
