"""What tests do with a consumer and its mirror: send, wait, read what came out."""

from __future__ import annotations

import base64
import io
import json
import time
from typing import Any

import pyarrow.parquet as pq

from processing.events.moments import iso
from tests.processing.builders import DAY, NOW
from tests.processing.stream.mirror import BUCKET, NAMES, Mirror


def send(mirror: Mirror, stream: str, records: list[tuple[str, bytes]]) -> None:
    kinesis = mirror.client("kinesis")
    for start in range(0, len(records), 500):
        entries = [{"PartitionKey": key, "Data": data} for key, data in records[start : start + 500]]
        assert not kinesis.put_records(StreamName=NAMES.stream(stream), Records=entries)["FailedRecordCount"]


def counters(mirror: Mirror) -> dict[str, int]:
    try:
        counted: dict[str, int] = json.loads((mirror.folder / "consumer" / "counters.json").read_text())
    except FileNotFoundError:
        return {}
    return counted


def wait_for(mirror: Mirror, seconds: float = 60, **expected: int) -> dict[str, int]:
    """Wait until counters have these values."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        counted = counters(mirror)
        if all(counted.get(name) == value for name, value in expected.items()):
            return counted
        time.sleep(0.1)
    raise AssertionError(f"{counters(mirror)}, expected {expected}")


def read(mirror: Mirror, stream: str) -> list[dict[str, Any]]:
    """Every record of a stream (physical name)."""
    kinesis = mirror.client("kinesis")
    found = []
    for shard in kinesis.list_shards(StreamName=stream)["Shards"]:
        iterator = kinesis.get_shard_iterator(
            StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while True:
            answer = kinesis.get_records(ShardIterator=iterator, Limit=10_000)
            found += [json.loads(record["Data"]) for record in answer["Records"]]
            iterator = answer["NextShardIterator"]
            if not answer["Records"] and not answer["MillisBehindLatest"]:
                break
    return found


def lake(mirror: Mirror, prefix: str) -> list[dict[str, Any]]:
    s3 = mirror.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    rows = []
    for key in keys:
        if not key.endswith(".parquet"):  # the marker of its prefix
            continue
        body = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        rows += pq.ParquetFile(io.BytesIO(body)).read().to_pylist()
    return rows


def stored(mirror: Mirror, group: str, entity: str) -> dict[str, str]:
    record = mirror.client("sagemaker-featurestore-runtime").get_record(
        FeatureGroupName=NAMES.feature_group(group), RecordIdentifierValueAsString=entity
    )["Record"]
    return {value["FeatureName"]: value["ValueAsString"] for value in record}


def put_profile(mirror: Mirror) -> None:
    values = {
        "user_id": "u1",
        "event_time": iso(NOW - DAY),
        "home_lat": "48.0",
        "home_lon": "2.0",
        "home_country": "DE",
    }
    mirror.client("sagemaker-featurestore-runtime").put_record(
        FeatureGroupName=NAMES.feature_group("user-profile"),
        Record=[{"FeatureName": name, "ValueAsString": value} for name, value in values.items()],
    )


def payload(mirror: Mirror, letter: dict[str, Any]) -> bytes:
    if letter["payload"] is not None:
        return base64.b64decode(letter["payload"])
    bucket, _, key = letter["payload_uri"].removeprefix("s3://").partition("/")
    body: bytes = mirror.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return body
