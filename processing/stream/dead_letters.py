"""Delivers dead letters; one that outgrows a Kinesis record keeps its original bytes in the lake."""

from __future__ import annotations

import base64
import threading
from typing import Any

import msgspec

from processing.stream.kinesis_calls import KinesisCalls
from processing.stream.put_records import put_records
from processing.stream.records import Outgoing

MOST_BYTES = 1_000_000  # of 1 MiB, which includes the partition key
PREFIX = "dead-letters/"


def deliver(
    kinesis: KinesisCalls, s3: Any, bucket: str, records: list[Outgoing], stop: threading.Event
) -> bool:
    """Put dead letters into their streams; returns False if `stop` came before all arrived."""
    fitting = [record if len(record.data) <= MOST_BYTES else _moved(s3, bucket, record) for record in records]
    return put_records(kinesis, fitting, stop)


def _moved(s3: Any, bucket: str, record: Outgoing) -> Outgoing:
    """The record with its payload in an object of its own, named by ``payload_uri``."""
    letter = msgspec.json.decode(record.data)
    key = f"{PREFIX}{letter['stream']}/{letter['shard_id']}-{letter['sequence_number']}"
    s3.put_object(Bucket=bucket, Key=key, Body=base64.b64decode(letter["payload"]))
    letter |= {"payload": None, "payload_uri": f"s3://{bucket}/{key}"}
    return Outgoing(record.stream, record.partition_key, msgspec.json.encode(letter))
