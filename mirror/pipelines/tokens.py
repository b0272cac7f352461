"""ClientRequestToken: the same request sent twice takes effect once."""

from __future__ import annotations

import hashlib
import json

from mirror.api import Context, Document, ServiceError
from mirror.timestamps import jsonable


def replayed(ctx: Context, operation: str, params: Document) -> str | None:
    """The ARN that an earlier request with this token made, or None for a new one.

    Raises:
        ServiceError: ``ConflictException``, the token came with other parameters before.
    """
    entry = ctx.cloud.documents.collection("pipeline-token").get(ctx.region, _key(operation, params))
    if entry is None:
        return None
    if entry["Fingerprint"] != _fingerprint(params):
        raise ServiceError(
            "ConflictException",
            f"ClientRequestToken: {operation} was called with this token and other parameters",
        )
    arn: str = entry["Arn"]
    return arn


def remember(ctx: Context, operation: str, params: Document, arn: str) -> None:
    """Keep what a request made."""
    entry = {"Arn": arn, "Fingerprint": _fingerprint(params)}
    ctx.cloud.documents.collection("pipeline-token").put(ctx.region, _key(operation, params), entry)


def _key(operation: str, params: Document) -> str:
    return f"{operation}/{params['ClientRequestToken']}"


def _fingerprint(params: Document) -> str:
    return hashlib.sha256(json.dumps(jsonable(params), sort_keys=True).encode()).hexdigest()
