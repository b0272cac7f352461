"""Changing a stream: retention, encryption, mode, monitoring, record size, key strategy."""

from __future__ import annotations

from collections.abc import Callable

from mirror.api import Context, Document, ServiceError, operation
from mirror.kinesis import data
from mirror.kinesis.streams import resolve

_MIN_HOURS, _MAX_HOURS = 24, 8760
_METRICS = (
    "IncomingBytes",
    "IncomingRecords",
    "OutgoingBytes",
    "OutgoingRecords",
    "WriteProvisionedThroughputExceeded",
    "ReadProvisionedThroughputExceeded",
    "IteratorAgeMilliseconds",
)


def change_stream(ctx: Context, params: Document, change: Callable[[Document], None]) -> Document:
    """Apply `change` to the document of the stream that `params` names; returns the new document.

    Raises:
        ServiceError: ``ResourceNotFoundException``, or whatever `change` raises.
    """
    plane = data.of(ctx.cloud)
    region, name = resolve(ctx.region, params.get("StreamName"), params.get("StreamARN"))
    plane.streams.document(region, name)

    def apply(document: Document) -> Document:
        change(document)
        return document

    with plane.lock:  # no record is placed by shards that are being replaced
        document = plane.streams.documents.update(region, name, apply)
        plane.streams.changed()
    assert document is not None
    return document


@operation("kinesis", "IncreaseStreamRetentionPeriod")
def increase_retention(ctx: Context, params: Document) -> Document:
    return _retention(ctx, params, increase=True)


@operation("kinesis", "DecreaseStreamRetentionPeriod")
def decrease_retention(ctx: Context, params: Document) -> Document:
    """Records beyond the new period become unreadable at once and are trimmed soon after."""
    return _retention(ctx, params, increase=False)


@operation("kinesis", "StartStreamEncryption", note="records carry EncryptionType KMS; nothing is encrypted")
def start_encryption(ctx: Context, params: Document) -> Document:
    def change(document: Document) -> None:
        document["EncryptionType"] = params["EncryptionType"]
        document["KeyId"] = params["KeyId"]

    change_stream(ctx, params, change)
    return {}


@operation("kinesis", "StopStreamEncryption")
def stop_encryption(ctx: Context, params: Document) -> Document:
    def change(document: Document) -> None:
        document["EncryptionType"] = "NONE"
        document.pop("KeyId", None)

    change_stream(ctx, params, change)
    return {}


@operation("kinesis", "UpdateStreamMode")
def update_stream_mode(ctx: Context, params: Document) -> Document:
    """Switch between ON_DEMAND and PROVISIONED; the shards stay."""
    change_stream(
        ctx, params, lambda document: document.update(StreamModeDetails=params["StreamModeDetails"])
    )
    return {}


@operation("kinesis", "UpdateMaxRecordSize")
def update_max_record_size(ctx: Context, params: Document) -> Document:
    change_stream(
        ctx, params, lambda document: document.update(MaxRecordSizeInKiB=params["MaxRecordSizeInKiB"])
    )
    return {}


@operation("kinesis", "UpdateStreamRecordDistributionStrategy")
def update_distribution_strategy(ctx: Context, params: Document) -> Document:
    strategy = params["RecordDistributionStrategy"]
    change_stream(ctx, params, lambda document: document.update(RecordDistributionStrategy=strategy))
    return {}


@operation(
    "kinesis",
    "EnableEnhancedMonitoring",
    coverage="partial",
    note="the setting is kept; no shard metrics are published",
)
def enable_monitoring(ctx: Context, params: Document) -> Document:
    return _monitoring(ctx, params, enable=True)


@operation("kinesis", "DisableEnhancedMonitoring")
def disable_monitoring(ctx: Context, params: Document) -> Document:
    return _monitoring(ctx, params, enable=False)


def _retention(ctx: Context, params: Document, *, increase: bool) -> Document:
    hours = params["RetentionPeriodHours"]

    def change(document: Document) -> None:
        current = document["RetentionPeriodHours"]
        fits = current <= hours <= _MAX_HOURS if increase else _MIN_HOURS <= hours <= current
        if not fits:
            allowed = f"{current} to {_MAX_HOURS}" if increase else f"{_MIN_HOURS} to {current}"
            raise ServiceError("InvalidArgumentException", f"RetentionPeriodHours: {hours} is not {allowed}")
        document["RetentionPeriodHours"] = hours

    change_stream(ctx, params, change)
    return {}


def _monitoring(ctx: Context, params: Document, *, enable: bool) -> Document:
    asked = set(_METRICS) if "ALL" in params["ShardLevelMetrics"] else set(params["ShardLevelMetrics"])
    before: list[str] = []

    def change(document: Document) -> None:
        before.extend(document["metrics"])
        wanted = set(before) | asked if enable else set(before) - asked
        document["metrics"] = [metric for metric in _METRICS if metric in wanted]

    document = change_stream(ctx, params, change)
    return {
        "StreamName": document["StreamName"],
        "StreamARN": document["StreamARN"],
        "CurrentShardLevelMetrics": before,
        "DesiredShardLevelMetrics": document["metrics"],
    }
