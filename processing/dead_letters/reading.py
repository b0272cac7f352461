"""Reads what lies in dead-letter streams now, by plain boto3."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from feature_groups.names import Names
from processing.dead_letters.letters import Letter, NotALetterError, parse, stream_of

_LIMIT = 10_000  # records of one read, the most there are
_PAUSE_SECONDS = 0.25  # a shard may be read five times a second


def letters(
    kinesis: Any, names: Names, kinds: Sequence[str], since: datetime, unreadable: list[str]
) -> Iterator[Letter]:
    """The letters of some kinds that were written since a moment, one by one: there may be millions.

    A letter that was delivered twice is one letter.

    Args:
        unreadable: gets a line for each record that is no dead letter.
    """
    for kind in kinds:
        known: set[int] = set()  # hashes of ids: a tenth of the memory of the letters
        for record in records(kinesis, stream_of(names, kind), since):
            try:
                letter = parse(kind, record["Data"])
            except NotALetterError as error:
                unreadable.append(str(error))
                continue
            identity = hash(letter.id)
            if identity not in known:
                known.add(identity)
                yield letter


def in_order(found: Iterable[Letter]) -> list[Letter]:
    """Letters in the order in which their records arrived."""
    return sorted(found, key=arrival)


def arrival(letter: Letter) -> tuple[datetime, str, int]:
    """What letters are ordered by; equal times by their offsets."""
    return letter.arrived, letter.stream, int(letter.sequence)


def records(kinesis: Any, stream: str, since: datetime) -> Iterator[dict[str, Any]]:
    """Every record that arrived in a stream since a moment, shard by shard, up to the present.

    Raises:
        ClientError: the stream does not exist or may not be read.
    """
    page: dict[str, str] = {"StreamName": stream}
    while True:
        listed = kinesis.list_shards(**page)
        for shard in listed["Shards"]:
            yield from _shard(kinesis, stream, shard["ShardId"], since)
        if "NextToken" not in listed:
            return
        page = {"NextToken": listed["NextToken"]}


def _shard(kinesis: Any, stream: str, shard: str, since: datetime) -> Iterator[dict[str, Any]]:
    iterator = kinesis.get_shard_iterator(
        StreamName=stream, ShardId=shard, ShardIteratorType="AT_TIMESTAMP", Timestamp=since
    )["ShardIterator"]
    while iterator is not None:
        try:
            answer = kinesis.get_records(ShardIterator=iterator, Limit=_LIMIT)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ProvisionedThroughputExceededException":
                raise
            time.sleep(_PAUSE_SECONDS)
            continue
        yield from answer["Records"]
        if not answer["Records"] and not answer["MillisBehindLatest"]:
            return
        iterator = answer.get("NextShardIterator")
