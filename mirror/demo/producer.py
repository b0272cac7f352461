"""A producer as a customer would write it: batches to Kinesis, what was refused is sent again."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from processing.sources.records import Record

BATCH = 500  # the service's limit
_ATTEMPTS = 8


class ProducerError(Exception):
    """The stream kept refusing records."""


class Producer:
    """Puts records on one stream, in order, except where the stream refuses single records."""

    def __init__(self, kinesis: Any, stream: str) -> None:
        self._kinesis = kinesis
        self._stream = stream
        self.sent = 0

    def put(self, records: Sequence[Record]) -> None:
        """Put at most `BATCH` records and return when the stream has all of them.

        Raises:
            ProducerError: some were still refused after several attempts.
        """
        waiting = [{"Data": record.data, "PartitionKey": record.partition_key} for record in records]
        refused = "nothing"
        for attempt in range(_ATTEMPTS):
            if not waiting:
                break
            if attempt:
                time.sleep(0.05 * 2**attempt)
            answer = self._kinesis.put_records(StreamName=self._stream, Records=waiting)
            results = zip(waiting, answer["Records"], strict=True)
            failed = [(record, result) for record, result in results if "ErrorCode" in result]
            waiting = [record for record, _ in failed]
            refused = failed[0][1].get("ErrorMessage", failed[0][1]["ErrorCode"]) if failed else refused
        if waiting:
            raise ProducerError(f"{self._stream} refuses {len(waiting)} records: {refused}")
        self.sent += len(records)


def batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Records in lists of at most `BATCH`."""
    iterator = iter(records)
    while batch := list(islice(iterator, BATCH)):
        yield batch
