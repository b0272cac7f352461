"""The stream ``model-predictions``: JSON, or framed Avro where ``FRAUDLINE_STREAM_FORMAT`` says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import boto3
import msgspec
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from feature_groups.names import Names
from inference.decision_log.pieces import Piece
from inference.decision_log.sinks.sink import UnacceptableError, UnavailableError
from inference.predictions import Prediction, encode
from processing.schemas.encoding import Encode, encoder
from processing.schemas.writing import stream_format
from processing.stream.kinesis_calls import KinesisCalls
from processing.stream.records import Outgoing

# Of the service: records and bytes of one call, partition keys included.
MOST_RECORDS = 500
MOST_BYTES = 5 * 1024 * 1024

Entry = tuple[Piece, Prediction, bytes]
"""A record with its piece, and as it goes onto the stream."""


class Calls(Protocol):
    """`processing.stream.kinesis_calls.KinesisCalls`, as far as it is needed here."""

    def put_records(self, stream: str, records: list[Outgoing]) -> list[int]:
        """Put at most `MOST_RECORDS`; the indices of those that have to be put again."""
        ...


class StreamSink:
    """``PutRecords`` in full calls; of what was refused only that is sent again.

    A record may arrive twice, after a call whose answer was lost; both times with the same bytes.

    Args:
        stream: physical name.
        format_of: makes the function from JSON to what goes onto the stream; called once it is needed,
            because it may have to ask the schema registry.
    """

    name = "stream"
    batch_bytes = 2 * 1024 * 1024
    linger_s = 0.1

    def __init__(self, calls: Calls, stream: str, format_of: Callable[[], Encode]) -> None:
        self._calls, self._stream, self._format_of = calls, stream, format_of
        self._format: Encode | None = None

    @classmethod
    def create(cls, stream: str, names: Names) -> StreamSink:
        """The sink for a stream by its physical name, with the process's AWS settings.

        Raises:
            ValueError: ``FRAUDLINE_STREAM_FORMAT`` is neither ``json`` nor ``avro``.
        """
        stream_format()  # what cannot become right is said at the start
        config = Config(
            parameter_validation=False,
            tcp_keepalive=True,
            connect_timeout=1.0,
            read_timeout=5.0,
            retries={"total_max_attempts": 1},  # the shipper repeats what failed, and counts it
        )
        calls = KinesisCalls(boto3.client("kinesis", config=config))
        return cls(calls, stream, lambda: encoder("model-predictions", names, boto3.client("glue")))

    def deliver(self, pieces: Sequence[Piece]) -> None:
        """Put all records; see `Sink.deliver`."""
        refused: list[Entry] = []
        reason = ""
        calls = _calls(self._encoded(pieces))
        for call in calls:
            failed, why = self._put(call)
            refused += failed
            reason = why or reason
            if len(failed) == len(call):  # it takes nothing now: do not ask with the rest
                refused += [entry for later in calls for entry in later]
        if refused:
            raise UnavailableError(reason, [piece._replace(records=[record]) for piece, record, _ in refused])

    def close(self) -> None:
        """Nothing to let go of."""

    def _encoded(self, pieces: Sequence[Piece]) -> list[Entry]:
        if self._format is None:
            try:
                self._format = self._format_of()
            except (LookupError, ClientError, BotoCoreError) as error:
                raise UnavailableError(f"the schema registry: {error}") from error
        formed = self._format
        try:
            return [
                (piece, record, formed(encode(record, piece.features)))
                for piece in pieces
                for record in piece.records
            ]
        except ValueError as error:
            raise UnacceptableError(str(error)) from error

    def _put(self, call: list[Entry]) -> tuple[list[Entry], str]:
        """One call; what was refused, and why."""
        records = [Outgoing(self._stream, record.transaction_id, data) for _, record, data in call]
        try:
            failed = self._calls.put_records(self._stream, records)
        except ClientError as error:
            return call, error.response["Error"]["Code"]
        except (BotoCoreError, msgspec.MsgspecError) as error:
            return call, type(error).__name__
        return [call[index] for index in failed], "some records were refused" if failed else ""


def _calls(entries: list[Entry]) -> Iterator[list[Entry]]:
    call: list[Entry] = []
    size = 0
    for entry in entries:
        _, record, data = entry
        weight = len(data) + len(record.transaction_id)
        if call and (len(call) == MOST_RECORDS or size + weight > MOST_BYTES):
            yield call
            call, size = [], 0
        call.append(entry)
        size += weight
    if call:
        yield call
