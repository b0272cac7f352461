"""Kinesis through boto3 and a running mirror."""

from __future__ import annotations

import datetime as dt

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.mirror.conftest import StartMirror
from tests.mirror.running import RunningMirror

pytestmark = pytest.mark.slow


def read_all(mirror: RunningMirror, stream: str) -> list[bytes]:
    client = mirror.client("kinesis")
    found: list[bytes] = []
    for shard in client.list_shards(StreamName=stream)["Shards"]:
        token = client.get_shard_iterator(
            StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while True:
            page = client.get_records(ShardIterator=token)
            found += [record["Data"] for record in page["Records"]]
            token = page["NextShardIterator"]
            if not page["MillisBehindLatest"]:
                break
    return found


def test_a_stream_through_boto3(mirror: RunningMirror) -> None:
    client = mirror.client("kinesis")
    client.create_stream(StreamName="raw", StreamModeDetails={"StreamMode": "ON_DEMAND"})
    client.get_waiter("stream_exists").wait(StreamName="raw")
    payloads = [bytes([n]) * 100 for n in range(256)]
    for at in range(0, 256, 64):
        records = [{"PartitionKey": str(n), "Data": payloads[n]} for n in range(at, at + 64)]
        client.put_records(StreamName="raw", Records=records)
    assert sorted(read_all(mirror, "raw")) == payloads
    shard = client.put_record(StreamName="raw", PartitionKey="x", Data=b"\x00\xff")["ShardId"]
    since = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=1)
    token = client.get_shard_iterator(
        StreamName="raw", ShardId=shard, ShardIteratorType="AT_TIMESTAMP", Timestamp=since
    )["ShardIterator"]
    last = client.get_records(ShardIterator=token)["Records"][-1]
    assert last["Data"] == b"\x00\xff"
    assert abs(last["ApproximateArrivalTimestamp"] - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=1)
    arn = client.describe_stream_summary(StreamName="raw")["StreamDescriptionSummary"]["StreamARN"]
    assert client.list_tags_for_resource(ResourceARN=arn)["Tags"] == []


def test_errors_are_the_models_own(mirror: RunningMirror) -> None:
    client = mirror.client("kinesis")
    with pytest.raises(client.exceptions.ResourceNotFoundException, match="'nowhere' does not exist"):
        client.put_record(StreamName="nowhere", PartitionKey="a", Data=b"")
    with pytest.raises(ClientError, match=r"StreamName.*regular expression pattern"):
        client.create_stream(StreamName="not a name", ShardCount=1)
    with pytest.raises(ClientError, match=r"NotImplemented.*kinesis.ListChannels"):
        client.list_channels()


def test_every_acknowledged_record_survives_a_kill(start_mirror: StartMirror) -> None:
    mirror = start_mirror()
    client = mirror.client("kinesis")
    client.meta.config.merge(Config(retries={"max_attempts": 0}))
    client.create_stream(StreamName="raw", ShardCount=2)
    for at in range(0, 2000, 100):
        records = [{"PartitionKey": str(n), "Data": b"%d" % n} for n in range(at, at + 100)]
        client.put_records(StreamName="raw", Records=records)
    last = client.put_record(StreamName="raw", PartitionKey="0", Data=b"2000")
    mirror.kill()
    mirror.start()
    assert sorted(map(int, read_all(mirror, "raw"))) == list(range(2001))
    following = client.put_record(StreamName="raw", PartitionKey="0", Data=b"2001")
    assert following["ShardId"] == last["ShardId"]
    assert int(following["SequenceNumber"]) > int(last["SequenceNumber"])
