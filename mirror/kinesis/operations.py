"""Creating, deleting, describing and listing streams; the data operations for in-process callers."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from mirror.api import Context, Document, Handler, ServiceError, operation
from mirror.documents import utcnow
from mirror.kinesis import data, resharding, settings, shards, tagging
from mirror.kinesis.hashing import even_ranges
from mirror.kinesis.streams import Streams, compile_stream, resolve

__all__ = ["resharding", "settings", "tagging"]  # imported for the operations that they register

_ON_DEMAND_SHARDS = 4
_NOTES = {
    "PutRecord": "never throttles",
    "PutRecords": "never throttles, so no record fails alone",
    "GetRecords": "never throttles",
}


@operation("kinesis", "CreateStream", note="ready at once: the stream is ACTIVE after the answer")
def create_stream(ctx: Context, params: Document) -> Document:
    """Create an empty stream: `ShardCount` shards, or four when it is on demand."""
    streams = data.of(ctx.cloud).streams
    name = params["StreamName"]
    if streams.documents.get(ctx.region, name) is not None:
        raise ServiceError("ResourceInUseException", f"stream {name!r} exists already in {ctx.region}")
    mode = params.get("StreamModeDetails", {}).get("StreamMode", "PROVISIONED")
    count = params.get("ShardCount")
    if mode == "ON_DEMAND" and count is not None:
        raise ServiceError("ValidationException", "ShardCount: leave it out with StreamMode ON_DEMAND")
    if mode == "PROVISIONED" and count is None:
        raise ServiceError("ValidationException", "ShardCount: required with StreamMode PROVISIONED")
    now = time.time_ns()
    document: Document = {
        "StreamName": name,
        "StreamARN": ctx.arn("kinesis", f"stream/{name}"),
        "StreamCreationTimestamp": utcnow(),
        "StreamModeDetails": {"StreamMode": mode},
        "RetentionPeriodHours": 24,
        "EncryptionType": "NONE",
        "MaxRecordSizeInKiB": params.get("MaxRecordSizeInKiB", 1024),
        "RecordDistributionStrategy": params.get("RecordDistributionStrategy", "USER_PARTITION_KEY"),
        "uid": now.to_bytes(8, "big"),
        "metrics": [],
        "tags": params.get("Tags", {}),
        "shards": [
            shards.new_shard(index, start, end, (), now // 1000)
            for index, (start, end) in enumerate(even_ranges(count or _ON_DEMAND_SHARDS))
        ],
    }
    streams.save(ctx.region, document)
    return {}


@operation("kinesis", "DeleteStream")
def delete_stream(ctx: Context, params: Document) -> Document:
    """Delete a stream with its records."""
    plane = data.of(ctx.cloud)
    region, name, document = find_document(ctx, params)
    plane.streams.documents.delete(region, name)
    plane.streams.changed()
    while plane.log.purge(document["uid"]):
        pass
    return {}


@operation("kinesis", "DescribeStream")
def describe_stream(ctx: Context, params: Document) -> Document:
    """A stream and one page of its shards, closed ones within retention included."""
    region, _, document = find_document(ctx, params)
    found = shards.visible(compile_stream(region, document))
    found = shards.after(found, params.get("ExclusiveStartShardId"))
    limit = params.get("Limit", 100)
    return {
        "StreamDescription": {
            **_description(document),
            "Shards": [shards.describe(shard) for shard in found[:limit]],
            "HasMoreShards": len(found) > limit,
        }
    }


@operation("kinesis", "DescribeStreamSummary")
def describe_stream_summary(ctx: Context, params: Document) -> Document:
    """A stream without its shards."""
    region, _, document = find_document(ctx, params)
    return {
        "StreamDescriptionSummary": {
            **_description(document),
            "OpenShardCount": len(compile_stream(region, document).open_shards),
            "ConsumerCount": 0,
            "MaxRecordSizeInKiB": document["MaxRecordSizeInKiB"],
            "RecordDistributionStrategy": document["RecordDistributionStrategy"],
        }
    }


@operation("kinesis", "ListStreams")
def list_streams(ctx: Context, params: Document) -> Document:
    """One page of streams in order of name."""
    start = params.get("NextToken") or params.get("ExclusiveStartStreamName") or ""
    documents = data.of(ctx.cloud).streams.documents.values(ctx.region)
    found = [document for document in documents if document["StreamName"] > start]
    limit = params.get("Limit", 100)
    page = found[:limit]
    keys = ("StreamName", "StreamARN", "StreamModeDetails", "StreamCreationTimestamp")
    result: Document = {
        "StreamNames": [document["StreamName"] for document in page],
        "HasMoreStreams": len(found) > limit,
        "StreamSummaries": [
            {"StreamStatus": "ACTIVE", **{key: document[key] for key in keys}} for document in page
        ],
    }
    if len(found) > limit:
        result["NextToken"] = page[-1]["StreamName"]
    return result


@operation("kinesis", "ListShards")
def list_shards(ctx: Context, params: Document) -> Document:
    """One page of shards, filtered as asked."""
    region, name, start = ctx.region, None, params.get("ExclusiveStartShardId")
    if "NextToken" in params:
        region, name, start = shards.decode_token(params["NextToken"])
    else:
        region, name = resolve(region, params.get("StreamName"), params.get("StreamARN"))
    stream = compile_stream(region, data.of(ctx.cloud).streams.document(region, name))
    found = shards.after(shards.filtered(stream, params.get("ShardFilter")), start)
    limit = params.get("MaxResults", 1000)
    page = [shards.describe(shard) for shard in found[:limit]]
    result: Document = {"Shards": page}
    if len(found) > limit:
        result["NextToken"] = shards.encode_token(region, name, page[-1]["ShardId"])
    return result


@operation("kinesis", "DescribeLimits")
def describe_limits(ctx: Context, _params: Document) -> Document:
    """Account limits (the service's defaults) and what is in use."""
    documents = data.of(ctx.cloud).streams.documents.values(ctx.region)
    on_demand = [d for d in documents if d["StreamModeDetails"]["StreamMode"] == "ON_DEMAND"]
    return {
        "ShardLimit": 20_000,
        "OpenShardCount": sum(len(compile_stream(ctx.region, d).open_shards) for d in documents),
        "OnDemandStreamCount": len(on_demand),
        "OnDemandStreamCountLimit": 50,
    }


def find_document(ctx: Context, params: Document) -> tuple[str, str, Document]:
    """``(region, name, document)`` of the stream that `params` names."""
    streams: Streams = data.of(ctx.cloud).streams
    region, name = resolve(ctx.region, params.get("StreamName"), params.get("StreamARN"))
    return region, name, streams.document(region, name)


def _description(document: Document) -> Document:
    keys = ("StreamName", "StreamARN", "StreamModeDetails", "RetentionPeriodHours")
    shown = {key: document[key] for key in (*keys, "StreamCreationTimestamp", "EncryptionType")}
    if "KeyId" in document:
        shown["KeyId"] = document["KeyId"]
    metrics = {"ShardLevelMetrics": document["metrics"]} if document["metrics"] else {}
    return {**shown, "StreamStatus": "ACTIVE", "EnhancedMonitoring": [metrics]}


def _data_handler(name: str) -> Handler:
    def handle(ctx: Context, params: Document) -> Document:
        kind, method = data.methods(data.of(ctx.cloud))[name]
        try:
            request: Any = msgspec.convert(params, kind)
        except msgspec.ValidationError as error:
            raise ServiceError("ValidationException", f"{name}: {error}") from None
        document: Document = msgspec.to_builtins(method(ctx.region, request), builtin_types=(bytes,))
        return document

    return handle


for _name in ("PutRecord", "PutRecords", "GetShardIterator", "GetRecords"):
    operation("kinesis", _name, note=_NOTES.get(_name, ""), inline=True)(_data_handler(_name))
