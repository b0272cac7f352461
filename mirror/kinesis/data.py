"""The four data operations of Kinesis, with the service's semantics.

Typed requests in, typed responses out; HTTP and in-process callers share them.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from mirror.api import ServiceError
from mirror.cloud import Cloud
from mirror.kinesis import iterators, log
from mirror.kinesis import messages as m
from mirror.kinesis.hashing import hash_key, sequence_number, sequence_of, shard_id
from mirror.kinesis.iterators import Position
from mirror.kinesis.log import Entry, now_us
from mirror.kinesis.streams import Shard, Stream, Streams

_MAX_REQUEST_BYTES = 10 << 20
_MAX_READ_BYTES = 10 << 20


class DataPlane:
    """The records of one mirror's streams."""

    def __init__(self, cloud: Cloud) -> None:
        self.streams = Streams(cloud)
        self.log = log.of(cloud)
        # Held from finding a stream's shards to having written to one of them, and by resharding.
        self.lock = threading.Lock()

    def put_record(self, region: str, request: m.PutRecord) -> m.PutRecordResponse:
        with self.lock:
            stream = self.streams.find(region, request.stream_name, request.stream_arn)
            entry = _entry(stream, request.partition_key, request.explicit_hash_key, request.data)
            shard, sequence = self.log.append(stream, [entry])[0]
        return m.PutRecordResponse(shard_id(shard), sequence_number(shard, sequence), stream.encryption)

    def put_records(self, region: str, request: m.PutRecords) -> m.PutRecordsResponse:
        with self.lock:
            stream = self.streams.find(region, request.stream_name, request.stream_arn)
            entries = [
                _entry(stream, record.partition_key, record.explicit_hash_key, record.data)
                for record in request.records
            ]
            _check_request_size(entries)
            placed = self.log.append(stream, entries)
        results = [
            m.PutRecordsResult(sequence_number(shard, sequence), shard_id(shard))
            for shard, sequence in placed
        ]
        return m.PutRecordsResponse(0, results, stream.encryption)

    def get_shard_iterator(self, region: str, request: m.GetShardIterator) -> m.GetShardIteratorResponse:
        stream = self.streams.find(region, request.stream_name, request.stream_arn)
        shard = stream.shard(request.shard_id)
        position = self._start(stream, shard, request)
        token = iterators.encode(stream.region, stream.name, position, now_us())
        return m.GetShardIteratorResponse(token)

    def get_records(self, _region: str, request: m.GetRecords) -> m.GetRecordsResponse:
        where, name, position = iterators.decode(request.shard_iterator, now_us())
        stream = self.streams.find(where, name, None)
        if stream.uid != position.uid:
            raise ServiceError("ResourceNotFoundException", f"stream {name!r} was deleted since")
        if request.stream_arn not in (None, stream.arn):
            raise ServiceError("InvalidArgumentException", "StreamARN: the iterator is of another stream")
        shard = stream.shards[position.shard]
        stored, more = self.log.read(stream, shard, position.sequence, request.limit, _MAX_READ_BYTES)
        wanted = [record for record in stored if record.arrived_us >= position.not_before_us]
        following = stored[-1].sequence + 1 if stored else position.sequence
        response = m.GetRecordsResponse(
            records=[
                m.Record(
                    sequence_number(shard.index, record.sequence),
                    record.arrived_us // 1000 / 1000,
                    record.data,
                    record.partition_key,
                    stream.encryption,
                )
                for record in wanted
            ],
            millis_behind_latest=max((now_us() - stored[-1].arrived_us) // 1000, 0) if more else 0,
        )
        if shard.last is not None and not more:
            response.child_shards = _children(stream, shard)
        else:
            ahead = Position(stream.uid, shard.index, following, position.not_before_us)
            response.next_shard_iterator = iterators.encode(where, name, ahead, now_us())
        return response

    def _start(self, stream: Stream, shard: Shard, request: m.GetShardIterator) -> Position:
        kind = request.shard_iterator_type
        if kind == "TRIM_HORIZON":
            return Position(stream.uid, shard.index, 0)
        if kind == "LATEST":
            return Position(stream.uid, shard.index, self.log.tip(stream, shard) + 1)
        if kind == "AT_TIMESTAMP":
            if request.timestamp is None:
                raise ServiceError("InvalidArgumentException", "Timestamp: required with AT_TIMESTAMP")
            moment = request.timestamp
            seconds = moment.timestamp() if isinstance(moment, datetime) else moment
            start = max(round(seconds * 1e6), 0)
            # A sequence is never below its record's arrival, so nothing at or after it is missed.
            return Position(stream.uid, shard.index, start, start)
        if request.starting_sequence_number is None:
            raise ServiceError("InvalidArgumentException", f"StartingSequenceNumber: required with {kind}")
        sequence = sequence_of(request.starting_sequence_number, shard.index)
        return Position(stream.uid, shard.index, sequence + (kind == "AFTER_SEQUENCE_NUMBER"))


def methods(of: DataPlane) -> dict[str, tuple[type, Callable[[str, Any], Any]]]:
    """Request type and implementation of each data operation."""
    return {
        "PutRecord": (m.PutRecord, of.put_record),
        "PutRecords": (m.PutRecords, of.put_records),
        "GetShardIterator": (m.GetShardIterator, of.get_shard_iterator),
        "GetRecords": (m.GetRecords, of.get_records),
    }


def _entry(stream: Stream, partition_key: str | None, explicit: str | None, data: bytes) -> Entry:
    if partition_key is None:
        if stream.key_required:
            raise ServiceError("InvalidArgumentException", "PartitionKey: required by this stream")
        partition_key = secrets.token_hex(8)
    key = partition_key.encode()
    if len(data) + len(key) > stream.max_record_bytes:
        raise ServiceError(
            "ValidationException",
            f"Data: {len(data) + len(key)} bytes with the partition key; at most "
            f"{stream.max_record_bytes} fit in one record of stream {stream.name}",
        )
    return Entry(hash_key(partition_key, explicit), key, data)


def _check_request_size(entries: list[Entry]) -> None:
    size = sum(len(entry.data) + len(entry.partition_key) for entry in entries)
    if size > _MAX_REQUEST_BYTES:
        raise ServiceError(
            "InvalidArgumentException",
            f"Records: {size} bytes with partition keys; at most {_MAX_REQUEST_BYTES} fit in one request",
        )


def _children(stream: Stream, parent: Shard) -> list[m.ChildShard]:
    return [
        m.ChildShard(
            shard_id(shard.index),
            [shard_id(index) for index in shard.parents],
            m.HashKeyRange(str(shard.start), str(shard.end)),
        )
        for shard in stream.shards.values()
        if parent.index in shard.parents
    ]


_open: dict[Path, DataPlane] = {}


def of(cloud: Cloud) -> DataPlane:
    """The data plane of a mirror."""
    if cloud.state_dir not in _open:
        _open[cloud.state_dir] = DataPlane(cloud)
    return _open[cloud.state_dir]
