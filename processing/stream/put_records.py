"""Delivers records to Kinesis streams: full requests, and only what failed again."""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator

from botocore.exceptions import BotoCoreError, ClientError

from processing.stream.kinesis_calls import KinesisCalls
from processing.stream.records import Outgoing
from processing.stream.retry import attempts

_log = logging.getLogger(__name__)
_MOST_RECORDS = 500
_MOST_BYTES = 4_500_000  # of 5 MiB, which includes partition keys


def put_records(client: KinesisCalls, records: Iterable[Outgoing], stop: threading.Event) -> bool:
    """Put every record into its stream; returns False if `stop` came before all arrived."""
    by_stream: defaultdict[str, list[Outgoing]] = defaultdict(list)
    for record in records:
        by_stream[record.stream].append(record)
    return all(
        _put(client, stream, chunk, stop)
        for stream, stream_records in by_stream.items()
        for chunk in _chunks(stream_records)
    )


def _put(client: KinesisCalls, stream: str, records: list[Outgoing], stop: threading.Event) -> bool:
    for attempt in attempts(stop):
        try:
            failed = client.put_records(stream, records)
        except (ClientError, BotoCoreError) as error:
            _log.warning("put_records to %s failed, attempt %d: %s", stream, attempt + 1, error)
            continue
        if not failed:
            return True
        records = [records[index] for index in failed]
    return False


def _chunks(records: list[Outgoing]) -> Iterator[list[Outgoing]]:
    """Slices that fit into one request."""
    chunk: list[Outgoing] = []
    size = 0
    for record in records:
        weight = len(record.data) + len(record.partition_key)
        if chunk and (len(chunk) == _MOST_RECORDS or size + weight > _MOST_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(record)
        size += weight
    if chunk:
        yield chunk
