"""What the API shows of shards: descriptions, filters and pages."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Any

from mirror.api import Document, ServiceError
from mirror.kinesis.hashing import sequence_number, shard_id, shard_index
from mirror.kinesis.log import now_us
from mirror.kinesis.streams import Shard, Stream


def new_shard(index: int, start: int, end: int, parents: tuple[int, ...], first: int) -> Document:
    """The stored form of a new open shard. Hash keys have 128 bits, so they are kept as text."""
    return {
        "index": index,
        "start": str(start),
        "end": str(end),
        "parents": list(parents),
        "first": first,
        "last": None,
    }


def describe(shard: Shard) -> Document:
    """A shard as DescribeStream and ListShards show it."""
    sequences = {"StartingSequenceNumber": sequence_number(shard.index, shard.first)}
    if shard.last is not None:
        sequences["EndingSequenceNumber"] = sequence_number(shard.index, shard.last)
    described: Document = {
        "ShardId": shard_id(shard.index),
        "HashKeyRange": {"StartingHashKey": str(shard.start), "EndingHashKey": str(shard.end)},
        "SequenceNumberRange": sequences,
    }
    for member, parent in zip(("ParentShardId", "AdjacentParentShardId"), shard.parents, strict=False):
        described[member] = shard_id(parent)
    return described


def visible(stream: Stream) -> list[Shard]:
    """Shards that are open, or whose last records are still within retention."""
    horizon = now_us() - stream.retention_us
    return [shard for shard in stream.shards.values() if shard.last is None or shard.last >= horizon]


def after(shards: list[Shard], start: str | None) -> list[Shard]:
    """Those behind shard id `start`."""
    return [shard for shard in shards if start is None or shard.index > shard_index(start)]


def filtered(stream: Stream, shard_filter: Document | None) -> list[Shard]:
    """Visible shards that pass a ``ShardFilter``.

    Raises:
        ServiceError: ``InvalidArgumentException`` when the filter lacks what its type needs.
    """
    found = visible(stream)
    kind = (shard_filter or {}).get("Type", "FROM_TRIM_HORIZON")
    if kind == "FROM_TRIM_HORIZON":
        return found
    if kind == "AT_LATEST":
        return [shard for shard in found if shard.last is None]
    if kind == "AFTER_SHARD_ID":
        return after(found, _required(shard_filter, "ShardId", kind))
    moment = now_us() - stream.retention_us
    if kind != "AT_TRIM_HORIZON":
        moment = max(moment, _microseconds(_required(shard_filter, "Timestamp", kind)))
    alive = [shard for shard in found if shard.last is None or shard.last >= moment]
    if kind == "FROM_TIMESTAMP":
        return alive
    # The oldest shards count as open since forever: nothing before them can be read.
    return [shard for shard in alive if shard.first <= moment or not shard.parents]


def encode_token(region: str, stream: str, last: str) -> str:
    return base64.urlsafe_b64encode(f"{region}/{stream}/{last}".encode()).decode()


def decode_token(token: str) -> tuple[str, str, str]:
    """``(region, stream, last shard id)`` of a ListShards token.

    Raises:
        ServiceError: ``ExpiredNextTokenException`` when it is none.
    """
    try:
        region, stream, last = base64.urlsafe_b64decode(token).decode().split("/")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise ServiceError("ExpiredNextTokenException", "NextToken: not a token of ListShards") from None
    return region, stream, last


def _required(shard_filter: Document | None, member: str, kind: str) -> Any:
    value = (shard_filter or {}).get(member)
    if value is None:
        raise ServiceError("InvalidArgumentException", f"ShardFilter.{member}: required with {kind}")
    return value


def _microseconds(moment: Any) -> int:
    seconds = moment.timestamp() if isinstance(moment, datetime) else float(moment)
    return round(seconds * 1e6)
