"""Requests and responses of the Kinesis data plane as typed structures.

Field for field those of botocore's ``kinesis`` model; `bytes` are base64 on the wire.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

PartitionKey = Annotated[str, Meta(min_length=1, max_length=256)]
IteratorType = Literal[
    "AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER", "TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"
]
# The wire names differ from PascalCase in their acronym only.
_ARN = {"stream_arn": "StreamARN"}


def _wire(name: str) -> str:
    return _ARN.get(name) or "".join(part.title() for part in name.split("_"))


class PutRecord(Struct, rename=_wire, kw_only=True):
    data: bytes
    partition_key: PartitionKey | None = None
    explicit_hash_key: str | None = None
    sequence_number_for_ordering: str | None = None
    stream_name: str | None = None
    stream_arn: str | None = None


class PutRecordsEntry(Struct, rename=_wire):
    data: bytes
    partition_key: PartitionKey | None = None
    explicit_hash_key: str | None = None


class PutRecords(Struct, rename=_wire, kw_only=True):
    records: Annotated[list[PutRecordsEntry], Meta(min_length=1, max_length=500)]
    stream_name: str | None = None
    stream_arn: str | None = None


class GetShardIterator(Struct, rename=_wire, kw_only=True):
    shard_id: str
    shard_iterator_type: IteratorType
    starting_sequence_number: str | None = None
    timestamp: float | datetime | None = None
    stream_name: str | None = None
    stream_arn: str | None = None


class GetRecords(Struct, rename=_wire, kw_only=True):
    shard_iterator: Annotated[str, Meta(min_length=1, max_length=512)]
    limit: Annotated[int, Meta(ge=1, le=10_000)] = 10_000
    stream_arn: str | None = None


class PutRecordResponse(Struct, rename=_wire):
    shard_id: str
    sequence_number: str
    encryption_type: str


class PutRecordsResult(Struct, rename=_wire):
    sequence_number: str
    shard_id: str


class PutRecordsResponse(Struct, rename=_wire):
    failed_record_count: int
    records: list[PutRecordsResult]
    encryption_type: str


class GetShardIteratorResponse(Struct, rename=_wire):
    shard_iterator: str


class Record(Struct, rename=_wire):
    sequence_number: str
    approximate_arrival_timestamp: float
    data: bytes
    partition_key: str
    encryption_type: str


class HashKeyRange(Struct, rename=_wire):
    starting_hash_key: str
    ending_hash_key: str


class ChildShard(Struct, rename=_wire):
    shard_id: str
    parent_shards: list[str]
    hash_key_range: HashKeyRange


class GetRecordsResponse(Struct, rename=_wire, omit_defaults=True, kw_only=True):
    """`next_shard_iterator` is absent at the end of a closed shard; `child_shards` then follow."""

    records: list[Record]
    millis_behind_latest: int
    next_shard_iterator: str | None = None
    child_shards: list[ChildShard] | None = None
