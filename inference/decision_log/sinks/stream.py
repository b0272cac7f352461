"""The stream ``model-predictions``: JSON, or framed Avro where ``FRAUDLINE_STREAM_FORMAT`` says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from feature_groups.names import Names
from inference.decision_log.pieces import Piece
from inference.decision_log.sinks.sink import UnacceptableError, UnavailableError
from inference.predictions import encode
from processing.schemas.encoding import Encode, encoder
from processing.schemas.writing import stream_format

# Of the service: records and bytes of one call, partition keys included.
MOST_RECORDS = 500
MOST_BYTES = 5 * 1024 * 1024

Entry = tuple[Piece, int, bytes]
"""A record by its piece and place in it, and as it goes onto the stream."""


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

    def __init__(self, client: Any, stream: str, format_of: Callable[[], Encode]) -> None:
        self._client, self._stream, self._format_of = client, stream, format_of
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
        client = boto3.client("kinesis", config=config)
        return cls(client, stream, lambda: encoder("model-predictions", names, boto3.client("glue")))

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
            raise UnavailableError(reason, _pieces(refused))

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    def _encoded(self, pieces: Sequence[Piece]) -> list[Entry]:
        if self._format is None:
            try:
                self._format = self._format_of()
            except (LookupError, ClientError, BotoCoreError) as error:
                raise UnavailableError(f"the schema registry: {error}") from error
        formed = self._format
        try:
            return [
                (piece, index, formed(encode(record, piece.features)))
                for piece in pieces
                for index, record in enumerate(piece.records)
            ]
        except ValueError as error:
            raise UnacceptableError(str(error)) from error

    def _put(self, call: list[Entry]) -> tuple[list[Entry], str]:
        """One call; what was refused, and why."""
        records = [
            {"Data": data, "PartitionKey": piece.records[index].transaction_id} for piece, index, data in call
        ]
        try:
            answer = self._client.put_records(StreamName=self._stream, Records=records)
            results = list(zip(call, answer["Records"], strict=True))
        except ClientError as error:
            return call, error.response["Error"]["Code"]
        except (BotoCoreError, KeyError, ValueError) as error:
            return call, type(error).__name__
        failed = [(entry, result["ErrorCode"]) for entry, result in results if result.get("ErrorCode")]
        return [entry for entry, _ in failed], failed[0][1] if failed else ""


def _calls(entries: list[Entry]) -> Iterator[list[Entry]]:
    call: list[Entry] = []
    size = 0
    for entry in entries:
        piece, index, data = entry
        weight = len(data) + len(piece.records[index].transaction_id)
        if call and (len(call) == MOST_RECORDS or size + weight > MOST_BYTES):
            yield call
            call, size = [], 0
        call.append(entry)
        size += weight
    if call:
        yield call


def _pieces(entries: list[Entry]) -> list[Piece]:
    return [piece._replace(records=[piece.records[index]]) for piece, index, _ in entries]
