"""Splitting, merging and scaling: shards are closed and replaced by children."""

from __future__ import annotations

from collections.abc import Callable

from mirror.api import Context, Document, ServiceError, operation
from mirror.kinesis import data
from mirror.kinesis.hashing import even_ranges
from mirror.kinesis.log import now_us
from mirror.kinesis.settings import change_stream
from mirror.kinesis.shards import new_shard
from mirror.kinesis.streams import Shard, Stream, compile_stream, resolve

Replace = Callable[[Stream], tuple[list[Shard], list[tuple[int, int]]]]


@operation("kinesis", "SplitShard")
def split_shard(ctx: Context, params: Document) -> Document:
    """Replace one shard by two, cut at ``NewStartingHashKey``."""

    def replace(stream: Stream) -> tuple[list[Shard], list[tuple[int, int]]]:
        shard = _open_shard(stream, params["ShardToSplit"])
        cut = int(params["NewStartingHashKey"])
        if not shard.start < cut <= shard.end:
            raise ServiceError(
                "InvalidArgumentException",
                f"NewStartingHashKey: {cut} is not inside {shard.start + 1} .. {shard.end}",
            )
        return [shard], [(shard.start, cut - 1), (cut, shard.end)]

    _reshard(ctx, params, replace)
    return {}


@operation("kinesis", "MergeShards")
def merge_shards(ctx: Context, params: Document) -> Document:
    """Replace two neighbours by one shard."""

    def replace(stream: Stream) -> tuple[list[Shard], list[tuple[int, int]]]:
        pair = [_open_shard(stream, params[key]) for key in ("ShardToMerge", "AdjacentShardToMerge")]
        low, high = sorted(pair, key=lambda shard: shard.start)
        if low.end + 1 != high.start:
            raise ServiceError("InvalidArgumentException", "AdjacentShardToMerge: not adjacent")
        return pair, [(low.start, high.end)]

    _reshard(ctx, params, replace)
    return {}


@operation(
    "kinesis",
    "UpdateShardCount",
    coverage="partial",
    note="all shards are replaced in one step, without short-lived shards in between, so a child may "
    "have more than two parents, of which ListShards shows two; no limit on how often",
)
def update_shard_count(ctx: Context, params: Document) -> Document:
    """Replace all open shards by ``TargetShardCount`` of equal size."""
    target = params["TargetShardCount"]
    before: list[int] = []

    def replace(stream: Stream) -> tuple[list[Shard], list[tuple[int, int]]]:
        if stream.on_demand:
            raise ServiceError(
                "ValidationException", f"stream {stream.name} is ON_DEMAND; it has no shard count to set"
            )
        current = len(stream.open_shards)
        before.append(current)
        if not current <= 2 * target <= 4 * current:
            raise ServiceError(
                "InvalidArgumentException",
                f"TargetShardCount: {target} is not between half of and double the {current} shards",
            )
        return (stream.open_shards, even_ranges(target)) if target != current else ([], [])

    document = _reshard(ctx, params, replace)
    return {
        "StreamName": document["StreamName"],
        "StreamARN": document["StreamARN"],
        "CurrentShardCount": before[0],
        "TargetShardCount": target,
    }


def _reshard(ctx: Context, params: Document, replace: Replace) -> Document:
    """Close the shards that `replace` picks and open children with the hash ranges it gives."""
    plane = data.of(ctx.cloud)
    region, _ = resolve(ctx.region, params.get("StreamName"), params.get("StreamARN"))

    def change(document: Document) -> None:
        stream = compile_stream(region, document)
        closing, ranges = replace(stream)
        now = now_us()
        stored = {shard["index"]: shard for shard in document["shards"]}
        for shard in closing:
            stored[shard.index]["last"] = max(now, plane.log.tip(stream, shard))
        for index, (start, end) in enumerate(ranges, start=len(stored)):
            parents = tuple(shard.index for shard in closing if shard.start <= end and start <= shard.end)
            document["shards"].append(new_shard(index, start, end, parents, now))

    return change_stream(ctx, params, change)


def _open_shard(stream: Stream, name: str) -> Shard:
    shard = stream.shard(name)
    if shard.last is not None:
        raise ServiceError("InvalidArgumentException", f"{name}: closed; choose an open shard")
    return shard
