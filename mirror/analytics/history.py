"""Operations on applications: what was asked, when, and how it ended."""

from __future__ import annotations

import secrets
from typing import Any

from mirror.analytics import applications
from mirror.api import Context, Document, ServiceError, operation
from mirror.documents import Collection, utcnow
from mirror.listing import page

_LONGEST_REASON = 2_000


def begin(ctx: Context, document: Document, name: str) -> str:
    """Note that operation `name` began; its id."""
    identifier = secrets.token_hex(16)
    now = utcnow()
    entry = {
        "Operation": name,
        "OperationId": identifier,
        "StartTime": now,
        "EndTime": now,
        "OperationStatus": "IN_PROGRESS",
    }
    _collection(ctx).put(ctx.region, f"{document['ApplicationName']}/{identifier}", entry)
    return identifier


def finish(ctx: Context, application: str, identifier: str, failure: str | None = None) -> None:
    """Note how an operation ended; `failure` is the reason why it did not succeed."""
    if failure is None:
        _end(ctx, application, identifier, OperationStatus="SUCCESSFUL")
    else:
        error = {"ErrorInfo": {"ErrorString": failure[-_LONGEST_REASON:]}}
        _end(ctx, application, identifier, OperationStatus="FAILED", OperationFailureDetails=error)


def cancel(ctx: Context, application: str, identifier: str) -> None:
    """Note that an operation was overtaken by another before it ended."""
    _end(ctx, application, identifier, OperationStatus="CANCELLED")


def _end(ctx: Context, application: str, identifier: str, **members: Any) -> None:
    _collection(ctx).update(
        ctx.region, f"{application}/{identifier}", lambda entry: entry.update(members, EndTime=utcnow())
    )


def forget(ctx: Context, application: str) -> None:
    """Drop the operations of a deleted application."""
    for key, _ in _collection(ctx).items(ctx.region, f"{application}/"):
        _collection(ctx).delete(ctx.region, key)


@operation("kinesisanalyticsv2", "DescribeApplicationOperation")
def describe_application_operation(ctx: Context, params: Document) -> Document:
    """One operation, with the reason when it failed."""
    name, identifier = params["ApplicationName"], params["OperationId"]
    applications.get(ctx, name)
    entry = _collection(ctx).get(ctx.region, f"{name}/{identifier}")
    if entry is None:
        raise ServiceError("ResourceNotFoundException", f"OperationId: {name} has no operation {identifier}")
    return {"ApplicationOperationInfoDetails": {k: v for k, v in entry.items() if k != "OperationId"}}


@operation("kinesisanalyticsv2", "ListApplicationOperations")
def list_application_operations(ctx: Context, params: Document) -> Document:
    """An application's operations, newest first."""
    name = params["ApplicationName"]
    applications.get(ctx, name)
    found = [
        {key: value for key, value in entry.items() if key != "OperationFailureDetails"}
        for entry in _collection(ctx).values(ctx.region, f"{name}/")
        if all(entry[key] == params.get(key, entry[key]) for key in ("Operation", "OperationStatus"))
    ]
    found.sort(key=lambda entry: entry["StartTime"], reverse=True)
    return page(found, {**params, "MaxResults": params.get("Limit", 50)}, "ApplicationOperationInfoList")


def _collection(ctx: Context) -> Collection:
    return ctx.cloud.documents.collection("flink-operation")
