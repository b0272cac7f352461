"""Tags of SageMaker resources: one collection for every area, keyed by ARN."""

from __future__ import annotations

import threading

from mirror.api import Context, Document, ServiceError, operation
from mirror.cloud import Cloud
from mirror.documents import Collection

_LIMIT = 50
_lock = threading.Lock()


def put(cloud: Cloud, arn: str, tags: list[Document]) -> list[Document]:
    """Add or overwrite tags of `arn`; returns all its tags, sorted by key.

    Raises:
        ServiceError: ``ResourceLimitExceeded`` above 50 tags.
    """
    with _lock:
        merged = {tag["Key"]: tag["Value"] for tag in (*get(cloud, arn), *tags)}
        if len(merged) > _LIMIT:
            raise ServiceError("ResourceLimitExceeded", f"{arn}: at most {_LIMIT} tags, found {len(merged)}")
        found = [{"Key": key, "Value": merged[key]} for key in sorted(merged)]
        _collection(cloud).put(_region(arn), arn, {"tags": found})
    return found


def get(cloud: Cloud, arn: str) -> list[Document]:
    """The tags of `arn`; an unknown ARN has none."""
    document = _collection(cloud).get(_region(arn), arn)
    return document["tags"] if document else []


def remove(cloud: Cloud, arn: str, keys: list[str]) -> None:
    """Remove the tags with these keys, where present."""
    with _lock:
        kept = [tag for tag in get(cloud, arn) if tag["Key"] not in keys]
        _collection(cloud).put(_region(arn), arn, {"tags": kept})


def forget(cloud: Cloud, arn: str) -> None:
    """Drop all tags of a deleted resource."""
    _collection(cloud).delete(_region(arn), arn)


@operation("sagemaker", "AddTags")
def add_tags(ctx: Context, params: Document) -> Document:
    return {"Tags": put(ctx.cloud, params["ResourceArn"], params["Tags"])}


@operation("sagemaker", "ListTags")
def list_tags(ctx: Context, params: Document) -> Document:
    return {"Tags": get(ctx.cloud, params["ResourceArn"])}


@operation("sagemaker", "DeleteTags")
def delete_tags(ctx: Context, params: Document) -> Document:
    remove(ctx.cloud, params["ResourceArn"], params["TagKeys"])
    return {}


def _collection(cloud: Cloud) -> Collection:
    return cloud.documents.collection("tags")


def _region(arn: str) -> str:
    parts = arn.split(":")
    if len(parts) < 6:
        raise ServiceError("ValidationException", f"ResourceArn: {arn!r} is not an ARN")
    return parts[3]
