"""Where audit files are put: a bucket, or a folder of this machine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from inference.decision_log.sinks.sink import UnavailableError


class Store(Protocol):
    """Keeps whole objects by key."""

    def put(self, key: str, body: bytes) -> None:
        """Write an object, in place of one of the same key.

        Raises:
            UnavailableError: it is not kept.
        """
        ...


class S3Store:
    """A prefix of a bucket.

    Args:
        retention_days: objects are locked for so long: not even their writer can delete them, only who may
            bypass the retention (to erase a person's data). 0 locks none.
    """

    def __init__(self, client: Any, bucket: str, prefix: str, retention_days: int = 0) -> None:
        self._client, self._bucket, self._prefix = client, bucket, prefix
        self._retention = timedelta(days=retention_days)

    def put(self, key: str, body: bytes) -> None:
        """Write an object; see `Store.put`."""
        try:
            self._client.put_object(
                Bucket=self._bucket,
                Key=self._prefix + key,
                Body=body,
                ContentType="application/vnd.apache.parquet",
                **self._lock(),
            )
        except (ClientError, BotoCoreError) as error:
            raise UnavailableError(f"s3://{self._bucket}: {error}") from error

    def _lock(self) -> dict[str, Any]:
        if not self._retention:
            return {}
        until = datetime.now(UTC) + self._retention
        return {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": until}


class FolderStore:
    """A folder, for development."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, key: str, body: bytes) -> None:
        """Write a file; see `Store.put`."""
        path = self._folder / key
        draft = path.with_suffix(".tmp")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(body)
            draft.replace(path)
        except OSError as error:
            raise UnavailableError(f"{self._folder}: {error.strerror}") from error


def store(uri: str, retention_days: int = 0) -> Store:
    """The store at ``s3://bucket/prefix``, where objects can be locked, or a folder."""
    if not uri.startswith("s3://"):
        return FolderStore(Path(uri))
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    config = Config(connect_timeout=2.0, read_timeout=30.0, retries={"total_max_attempts": 1})
    prefix = prefix.rstrip("/")
    client = boto3.client("s3", config=config)
    return S3Store(client, bucket, f"{prefix}/" if prefix else "", retention_days)
