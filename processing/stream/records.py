"""What travels between the parts of the consumer."""

from __future__ import annotations

import base64
from typing import NamedTuple

import msgspec

from processing.events import Label, RejectedRecord, Transaction
from processing.events.moments import iso
from processing.stream.replays import original_key


class RawRecord(NamedTuple):
    """One Kinesis record as it was read."""

    sequence: str
    arrival_ms: int
    data: bytes
    partition_key: str = "-"


class ShardId(NamedTuple):
    """A shard of one of the streams the consumer reads; `stream` is the short name."""

    stream: str
    shard: str

    @property
    def key(self) -> bytes:
        return f"{self.stream}/{self.shard}".encode()


class Event(NamedTuple):
    """A decoded record and where it came from.

    Attributes:
        time_ms: event time of a transaction, or when a label became known; None for a rejected record.
    """

    source: ShardId
    raw: RawRecord
    content: Transaction | Label | RejectedRecord
    time_ms: int | None

    @classmethod
    def of(cls, source: ShardId, raw: RawRecord, content: Transaction | Label | RejectedRecord) -> Event:
        """An event with the time that its content tells."""
        if isinstance(content, Transaction):
            return cls(source, raw, content, content.timestamp_ms)
        return cls(source, raw, content, content.known_ms if isinstance(content, Label) else None)


class Outgoing(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A record on its way to a stream (by physical name)."""

    stream: str
    partition_key: str
    data: bytes


class LakeRows(msgspec.Struct, array_like=True, frozen=True):
    """One micro-batch's rows for the lake; `shard` and `sequence` name its first record."""

    shard: str
    sequence: str
    transactions: list[tuple[Transaction, int]]
    labels: list[Label]


class ShardPosition(msgspec.Struct, frozen=True):
    """How far a shard has been applied.

    Attributes:
        sequence: last applied record, None before the first.
        newest_ms: greatest event time applied, None before the first.
        finished: the shard was split or merged and read to its end.
    """

    sequence: str | None = None
    newest_ms: int | None = None
    finished: bool = False


class _DeadLetter(msgspec.Struct):
    reason: str
    error: str
    field: str | None
    stream: str
    shard_id: str
    sequence_number: str
    partition_key: str
    arrival_time: str
    payload: str


_encode = msgspec.json.Encoder().encode


def dead_letter(event: Event, stream: str, reason: str, field: str | None, error: str) -> bytes:
    """A dead letter or late record: the reason, the origin (physical `stream` name), the original bytes."""
    raw = event.raw
    return _encode(
        _DeadLetter(
            reason,
            error,
            field,
            stream,
            event.source.shard,
            raw.sequence,
            original_key(raw.partition_key),
            iso(raw.arrival_ms),
            base64.b64encode(raw.data).decode(),
        )
    )
