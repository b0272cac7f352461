"""The two Kinesis calls that carry records."""

from __future__ import annotations

from typing import Any

import msgspec

from processing.stream.prepared_call import PreparedCall
from processing.stream.records import Outgoing, RawRecord

_encode = msgspec.json.Encoder().encode


class _Record(msgspec.Struct, rename="pascal", gc=False):
    sequence_number: str
    approximate_arrival_timestamp: float
    data: bytes
    partition_key: str


class _GetRecords(msgspec.Struct, rename="pascal"):
    records: list[_Record]
    next_shard_iterator: str | None = None
    millis_behind_latest: int = 0


class _Entry(msgspec.Struct, rename="pascal", gc=False):
    data: bytes
    partition_key: str


class _PutResult(msgspec.Struct, rename="pascal"):
    error_code: str | None = None


class _PutRecords(msgspec.Struct, rename="pascal"):
    records: list[_PutResult]
    failed_record_count: int = 0


class Read(msgspec.Struct, frozen=True):
    """What one read of a shard gave; no `next_iterator` when the shard has ended."""

    records: list[RawRecord]
    next_iterator: str | None
    behind_ms: int


class KinesisCalls:
    """Reads and writes of a Kinesis client; errors are the client's own."""

    def __init__(self, client: Any) -> None:
        self._get = PreparedCall(client, "GetRecords", _GetRecords)
        self._put = PreparedCall(client, "PutRecords", _PutRecords)

    def get_records(self, iterator: str, limit: int) -> Read:
        """At most `limit` records from a shard iterator on."""
        answer = self._get(_encode({"ShardIterator": iterator, "Limit": limit}))
        records = [
            RawRecord(
                record.sequence_number,
                round(record.approximate_arrival_timestamp * 1000),
                record.data,
                record.partition_key,
            )
            for record in answer.records
        ]
        return Read(records, answer.next_shard_iterator, answer.millis_behind_latest)

    def put_records(self, stream: str, records: list[Outgoing]) -> list[int]:
        """Put at most 500 records; returns the indices of those that have to be put again."""
        entries = [_Entry(record.data, record.partition_key) for record in records]
        answer = self._put(_encode({"StreamName": stream, "Records": entries}))
        if not answer.failed_record_count:
            return []
        return [index for index, result in enumerate(answer.records) if result.error_code]
