"""Streams, records and iterators, in process."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mirror.api import Context, ServiceError, call
from mirror.cloud import Cloud
from mirror.kinesis import data, log, operations  # noqa: F401  (registers the operations)
from mirror.server.shapes import mismatches


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    return Context(Cloud(tmp_path), "us-east-1")


def kinesis(ctx: Context, name: str, **params: Any) -> dict[str, Any]:
    response = call(ctx, "kinesis", name, params)
    assert mismatches("kinesis", name, response) == []
    return response


def create(ctx: Context, shards: int = 1, name: str = "s") -> None:
    kinesis(ctx, "CreateStream", StreamName=name, ShardCount=shards)


def put(ctx: Context, key: str, payload: bytes = b"x", **more: Any) -> dict[str, Any]:
    return kinesis(ctx, "PutRecord", StreamName="s", PartitionKey=key, Data=payload, **more)


def iterator(ctx: Context, kind: str = "TRIM_HORIZON", shard: int = 0, **more: Any) -> str:
    found = kinesis(
        ctx,
        "GetShardIterator",
        StreamName="s",
        ShardId=f"shardId-{shard:012d}",
        ShardIteratorType=kind,
        **more,
    )
    token: str = found["ShardIterator"]
    return token


def read(ctx: Context, token: str, **more: Any) -> list[bytes]:
    return [r["Data"] for r in kinesis(ctx, "GetRecords", ShardIterator=token, **more)["Records"]]


def shards(ctx: Context, **filters: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = kinesis(ctx, "ListShards", StreamName="s", **filters)["Shards"]
    return found


def drain(ctx: Context, token: str | None, limit: int) -> Iterator[dict[str, Any]]:
    while token is not None:
        response = kinesis(ctx, "GetRecords", ShardIterator=token, Limit=limit)
        yield from response["Records"]
        token = response.get("NextShardIterator")
        if not response["MillisBehindLatest"] and not response["Records"]:
            return


def test_an_on_demand_stream_has_four_shards(ctx: Context) -> None:
    kinesis(ctx, "CreateStream", StreamName="s", StreamModeDetails={"StreamMode": "ON_DEMAND"})
    described = kinesis(ctx, "DescribeStream", StreamName="s")["StreamDescription"]
    assert len(described["Shards"]) == 4
    assert described["StreamStatus"] == "ACTIVE"
    assert described["RetentionPeriodHours"] == 24
    summary = kinesis(ctx, "DescribeStreamSummary", StreamARN=described["StreamARN"])
    assert summary["StreamDescriptionSummary"]["OpenShardCount"] == 4


def test_records_of_a_key_stay_in_order_on_one_shard(ctx: Context) -> None:
    create(ctx, 3)
    entries = [{"PartitionKey": f"k{n % 7}", "Data": b"%d" % n} for n in range(400)]
    placed = kinesis(ctx, "PutRecords", StreamName="s", Records=entries)
    assert placed["FailedRecordCount"] == 0
    by_key: dict[str, list[int]] = {}
    homes: dict[str, set[int]] = {}
    for shard in range(3):
        sequences = []
        for record in drain(ctx, iterator(ctx, shard=shard), limit=37):
            by_key.setdefault(record["PartitionKey"], []).append(int(record["Data"]))
            homes.setdefault(record["PartitionKey"], set()).add(shard)
            sequences.append(int(record["SequenceNumber"]))
        assert sequences == sorted(set(sequences))
    assert all(len(shards) == 1 for shards in homes.values())
    assert by_key == {f"k{k}": [n for n in range(400) if n % 7 == k] for k in range(7)}


def test_every_iterator_type(ctx: Context) -> None:
    create(ctx)
    first = put(ctx, "a", b"1")
    between = datetime.now(UTC) + timedelta(milliseconds=2)
    time.sleep(0.005)
    put(ctx, "a", b"2")
    latest = iterator(ctx, "LATEST")
    put(ctx, "a", b"3")
    sequence = {"StartingSequenceNumber": first["SequenceNumber"]}
    assert read(ctx, iterator(ctx, "TRIM_HORIZON")) == [b"1", b"2", b"3"]
    assert read(ctx, iterator(ctx, "AT_SEQUENCE_NUMBER", **sequence)) == [b"1", b"2", b"3"]
    assert read(ctx, iterator(ctx, "AFTER_SEQUENCE_NUMBER", **sequence)) == [b"2", b"3"]
    assert read(ctx, iterator(ctx, "AT_TIMESTAMP", Timestamp=between)) == [b"2", b"3"]
    assert read(ctx, iterator(ctx, "AT_TIMESTAMP", Timestamp=between.timestamp())) == [b"2", b"3"]
    assert read(ctx, latest) == [b"3"]


def test_get_records_keeps_to_ten_megabytes_and_tells_how_far_behind(ctx: Context) -> None:
    create(ctx)
    for _ in range(12):
        put(ctx, "a", b"x" * 1_000_000)
    time.sleep(0.01)
    first = kinesis(ctx, "GetRecords", ShardIterator=iterator(ctx))
    assert len(first["Records"]) == 10
    assert first["MillisBehindLatest"] >= 10
    second = kinesis(ctx, "GetRecords", ShardIterator=first["NextShardIterator"])
    assert len(second["Records"]) == 2
    assert second["MillisBehindLatest"] == 0


def test_limits_name_the_field(ctx: Context) -> None:
    create(ctx)
    put(ctx, "k", b"x" * (1024 * 1024 - 1))
    with pytest.raises(ServiceError, match="Data: 1048577 bytes"):
        put(ctx, "k", b"x" * 1024 * 1024)
    entries = [{"PartitionKey": "k", "Data": b"x" * 1_000_000}] * 11
    with pytest.raises(ServiceError, match=r"Records: .* at most 10485760"):
        kinesis(ctx, "PutRecords", StreamName="s", Records=entries)
    with pytest.raises(ServiceError, match=r"Records.*500"):
        kinesis(ctx, "PutRecords", StreamName="s", Records=[{"PartitionKey": "k", "Data": b""}] * 501)
    with pytest.raises(ServiceError, match="PartitionKey: required"):
        kinesis(ctx, "PutRecord", StreamName="s", Data=b"")
    kinesis(ctx, "UpdateMaxRecordSize", StreamARN=_arn(ctx), MaxRecordSizeInKiB=2048)
    put(ctx, "k", b"x" * 2_000_000)


def _arn(ctx: Context) -> str:
    arn: str = kinesis(ctx, "DescribeStream", StreamName="s")["StreamDescription"]["StreamARN"]
    return arn


def test_iterators_expire_after_five_minutes(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    create(ctx)
    token = iterator(ctx)
    now = log.now_us()
    monkeypatch.setattr(data, "now_us", lambda: now + 301_000_000)
    with pytest.raises(ServiceError) as refused:
        read(ctx, token)
    assert refused.value.code == "ExpiredIteratorException"
    with pytest.raises(ServiceError, match="not a shard iterator"):
        read(ctx, "bm9uc2Vuc2U=")


def test_records_beyond_retention_are_gone_and_trimmed(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    create(ctx, 2)
    real = log.now_us
    monkeypatch.setattr(log, "now_us", lambda: real() - 25 * 3_600_000_000)
    for key in "abcdef":
        put(ctx, key, b"old")
    monkeypatch.setattr(log, "now_us", real)
    for key in "abcdef":
        put(ctx, key, b"new")
    plane = data.of(ctx.cloud)
    stream = plane.streams.find("us-east-1", "s", None)
    found = [record for shard in range(2) for record in read(ctx, iterator(ctx, shard=shard))]
    assert found == [b"new"] * 6
    kinesis(ctx, "IncreaseStreamRetentionPeriod", StreamName="s", RetentionPeriodHours=48)
    assert sum(len(read(ctx, iterator(ctx, shard=shard))) for shard in range(2)) == 12
    kinesis(ctx, "DecreaseStreamRetentionPeriod", StreamName="s", RetentionPeriodHours=24)
    assert plane.log.trim(stream) == 6
    assert plane.log.trim(stream) == 0
    with pytest.raises(ServiceError, match="RetentionPeriodHours: 23"):
        kinesis(ctx, "DecreaseStreamRetentionPeriod", StreamName="s", RetentionPeriodHours=23)


@pytest.mark.parametrize(("before", "after"), [(2, 4), (4, 2), (2, 3), (3, 2)])
def test_resharding_loses_nothing(ctx: Context, before: int, after: int) -> None:
    create(ctx, before)
    for n in range(50):
        put(ctx, f"k{n}", b"%d" % n)
    kinesis(ctx, "UpdateShardCount", StreamName="s", TargetShardCount=after, ScalingType="UNIFORM_SCALING")
    for n in range(50, 100):
        put(ctx, f"k{n}", b"%d" % n)
    assert len(shards(ctx)) == before + after
    assert len(shards(ctx, ShardFilter={"Type": "AT_LATEST"})) == after
    assert len(shards(ctx, ShardFilter={"Type": "AT_TRIM_HORIZON"})) == before
    found = [
        int(payload) for shard in range(before + after) for payload in read(ctx, iterator(ctx, shard=shard))
    ]
    assert sorted(found) == list(range(100))
    end = kinesis(ctx, "GetRecords", ShardIterator=iterator(ctx, shard=0))
    assert "NextShardIterator" not in end
    assert end["ChildShards"][0]["ParentShards"][0] == "shardId-000000000000"


def test_split_and_merge(ctx: Context) -> None:
    create(ctx)
    half = str(2**127)
    kinesis(ctx, "SplitShard", StreamName="s", ShardToSplit="shardId-000000000000", NewStartingHashKey=half)
    assert put(ctx, "k", ExplicitHashKey="5")["ShardId"] == "shardId-000000000001"
    assert put(ctx, "k", ExplicitHashKey=half)["ShardId"] == "shardId-000000000002"
    kinesis(
        ctx,
        "MergeShards",
        StreamName="s",
        ShardToMerge="shardId-000000000001",
        AdjacentShardToMerge="shardId-000000000002",
    )
    merged = shards(ctx, ShardFilter={"Type": "AT_LATEST"})[0]
    assert merged["ParentShardId"] == "shardId-000000000001"
    assert merged["AdjacentParentShardId"] == "shardId-000000000002"
    with pytest.raises(ServiceError, match="closed"):
        kinesis(
            ctx, "SplitShard", StreamName="s", ShardToSplit="shardId-000000000000", NewStartingHashKey="9"
        )


def test_a_recreated_stream_is_empty(ctx: Context) -> None:
    create(ctx)
    put(ctx, "a")
    token = iterator(ctx)
    kinesis(ctx, "DeleteStream", StreamName="s")
    with pytest.raises(ServiceError, match="does not exist"):
        put(ctx, "a")
    create(ctx)
    assert read(ctx, iterator(ctx)) == []
    with pytest.raises(ServiceError, match="was deleted"):
        read(ctx, token)


def test_settings_are_kept(ctx: Context) -> None:
    create(ctx)
    kinesis(ctx, "StartStreamEncryption", StreamName="s", EncryptionType="KMS", KeyId="alias/aws/kinesis")
    assert put(ctx, "a")["EncryptionType"] == "KMS"
    described = kinesis(ctx, "DescribeStream", StreamName="s")["StreamDescription"]
    assert described["KeyId"] == "alias/aws/kinesis"
    kinesis(ctx, "StopStreamEncryption", StreamName="s", EncryptionType="KMS", KeyId="alias/aws/kinesis")
    assert put(ctx, "a")["EncryptionType"] == "NONE"
    changed = kinesis(ctx, "EnableEnhancedMonitoring", StreamName="s", ShardLevelMetrics=["ALL"])
    assert len(changed["DesiredShardLevelMetrics"]) == 7
    less = kinesis(ctx, "DisableEnhancedMonitoring", StreamName="s", ShardLevelMetrics=["IncomingBytes"])
    assert len(less["DesiredShardLevelMetrics"]) == 6
    mode = {"StreamMode": "ON_DEMAND"}
    kinesis(ctx, "UpdateStreamMode", StreamARN=_arn(ctx), StreamModeDetails=mode)
    assert kinesis(ctx, "DescribeStream", StreamName="s")["StreamDescription"]["StreamModeDetails"] == mode


def test_tags_through_both_interfaces(ctx: Context) -> None:
    kinesis(ctx, "CreateStream", StreamName="s", ShardCount=1, Tags={"a": "1"})
    kinesis(ctx, "AddTagsToStream", StreamName="s", Tags={"b": "2"})
    kinesis(ctx, "TagResource", ResourceARN=_arn(ctx), Tags={"c": "3"})
    kinesis(ctx, "RemoveTagsFromStream", StreamName="s", TagKeys=["a"])
    kinesis(ctx, "UntagResource", ResourceARN=_arn(ctx), TagKeys=["b"])
    expected = [{"Key": "c", "Value": "3"}]
    assert kinesis(ctx, "ListTagsForStream", StreamName="s") == {"Tags": expected, "HasMoreTags": False}
    assert kinesis(ctx, "ListTagsForResource", ResourceARN=_arn(ctx)) == {"Tags": expected}


def test_listing_pages(ctx: Context) -> None:
    for name in ("c", "a", "b"):
        create(ctx, 3, name)
    first = kinesis(ctx, "ListStreams", Limit=2)
    assert (first["StreamNames"], first["HasMoreStreams"]) == (["a", "b"], True)
    assert kinesis(ctx, "ListStreams", NextToken=first["NextToken"])["StreamNames"] == ["c"]
    page = kinesis(ctx, "ListShards", StreamName="a", MaxResults=2)
    rest = kinesis(ctx, "ListShards", NextToken=page["NextToken"])
    assert [shard["ShardId"][-1] for shard in page["Shards"] + rest["Shards"]] == ["0", "1", "2"]
    limits = kinesis(ctx, "DescribeLimits")
    assert limits["OpenShardCount"] == 9


def test_a_stream_is_named_once(ctx: Context) -> None:
    create(ctx)
    with pytest.raises(ServiceError) as refused:
        create(ctx)
    assert refused.value.code == "ResourceInUseException"
    with pytest.raises(ServiceError, match="StreamName or StreamARN"):
        kinesis(ctx, "DescribeStream")
    with pytest.raises(ServiceError, match="ShardCount: required"):
        kinesis(ctx, "CreateStream", StreamName="t")
