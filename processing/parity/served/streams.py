"""Reads the records of a Kinesis stream up to its present end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from processing.parity.served.moments import milliseconds


class StreamRecord(NamedTuple):
    """A record, and when the stream took it (milliseconds since 1970)."""

    arrived_ms: int
    data: bytes


def read_stream(kinesis: Any, stream: str, since_ms: int | None = None) -> Iterator[StreamRecord]:
    """The records of every shard, closed ones too, each shard in its order.

    Args:
        stream: physical name.
        since_ms: only records that arrived from then on; None for all that are retained.

    Raises:
        ClientError: the stream does not exist or may not be read.
    """
    start: dict[str, Any] = {"ShardIteratorType": "TRIM_HORIZON"}
    if since_ms is not None:
        start = {
            "ShardIteratorType": "AT_TIMESTAMP",
            "Timestamp": datetime.fromtimestamp(since_ms / 1000, UTC),
        }
    for shard in _shards(kinesis, stream):
        iterator = kinesis.get_shard_iterator(StreamName=stream, ShardId=shard, **start)["ShardIterator"]
        while iterator:
            page = kinesis.get_records(ShardIterator=iterator, Limit=10_000)
            for record in page["Records"]:
                yield StreamRecord(milliseconds(record["ApproximateArrivalTimestamp"]), record["Data"])
            # An empty page is not the end: a shard may have long gaps.
            iterator = None if page["MillisBehindLatest"] == 0 else page.get("NextShardIterator")


def _shards(kinesis: Any, stream: str) -> list[str]:
    found: list[str] = []
    page: dict[str, str] = {"StreamName": stream}
    while True:
        answer = kinesis.list_shards(**page)
        found += [shard["ShardId"] for shard in answer["Shards"]]
        if "NextToken" not in answer:
            return found
        page = {"NextToken": answer["NextToken"]}
