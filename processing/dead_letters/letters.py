"""A dead letter as it lies in its stream, and where it came from."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from feature_groups.names import DEAD_LETTERS, Names

LATE = "late"
KINDS = (*DEAD_LETTERS, LATE)
"""What can be listed and shown: the dead letters by kind, and the late records."""


class _Envelope(msgspec.Struct):
    reason: str
    error: str
    stream: str
    shard_id: str
    sequence_number: str
    arrival_time: datetime
    field: str | None = None
    partition_key: str | None = None
    payload: str | None = None
    payload_uri: str | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter or late record.

    Attributes:
        kind: one of `KINDS`.
        error: what was wrong, and what to do.
        field: the field at fault; None when the whole record was.
        stream: physical name of the stream it came from, with `shard` and `sequence` its offset there.
        partition_key: the key it was sent with.
        arrived: when it arrived at that stream.
        payload: its original bytes; None when they are in the lake, at `payload_uri`.
    """

    kind: str
    error: str
    field: str | None
    stream: str
    shard: str
    sequence: str
    partition_key: str
    arrived: datetime
    payload: bytes | None
    payload_uri: str | None = None

    @property
    def id(self) -> str:
        """The record's offset in its own stream: the same however often the letter was delivered."""
        return f"{self.stream}/{self.shard}/{self.sequence}"

    def as_dict(self) -> dict[str, Any]:
        """For JSON; the payload in base64, because it may be anything."""
        payload = None if self.payload is None else base64.b64encode(self.payload).decode()
        return {
            "id": self.id,
            "kind": self.kind,
            "error": self.error,
            "field": self.field,
            "stream": self.stream,
            "shard_id": self.shard,
            "sequence_number": self.sequence,
            "partition_key": self.partition_key,
            "arrival_time": self.arrived.isoformat(),
            "payload": payload,
            "payload_uri": self.payload_uri,
        }


class NotALetterError(ValueError):
    """A record on a dead-letter stream that is no dead letter; the message says what is wrong."""


_decode = msgspec.json.Decoder(_Envelope).decode


def parse(kind: str, data: bytes) -> Letter:
    """A record of the dead-letter stream for `kind`.

    Raises:
        NotALetterError: the record is not an envelope of the stream consumer's.
    """
    try:
        found = _decode(data)
        payload = None if found.payload is None else base64.b64decode(found.payload, validate=True)
    except (msgspec.DecodeError, ValueError) as error:
        raise NotALetterError(f"a record on the {kind} stream is no dead letter: {error}") from error
    return Letter(
        kind,
        found.error,
        found.field,
        found.stream,
        found.shard_id,
        found.sequence_number,
        found.partition_key or "-",
        found.arrival_time,
        payload,
        found.payload_uri,
    )


def stream_of(names: Names, kind: str) -> str:
    """Physical name of the stream that holds letters of one of `KINDS`."""
    return names.stream("transactions-late") if kind == LATE else names.dead_letter_stream(kind)
