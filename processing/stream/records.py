"""What travels between the parts of the consumer."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from processing.events import Label, RejectedRecord, Transaction
from processing.events.moments import iso


class RawRecord(NamedTuple):
    """One Kinesis record as it was read."""

    sequence: str
    arrival_ms: int
    data: bytes


class ShardId(NamedTuple):
    """A shard of one of the streams the consumer reads; `stream` is the short name."""

    stream: str
    shard: str

    @property
    def key(self) -> bytes:
        return f"{self.stream}/{self.shard}".encode()


class Event(NamedTuple):
    """A decoded record and where it came from."""

    source: ShardId
    raw: RawRecord
    content: Transaction | Label | RejectedRecord

    @property
    def time_ms(self) -> int | None:
        """Event time of a transaction, or when a label became known; None for a rejected record."""
        match self.content:
            case Transaction(timestamp_ms=moment) | Label(known_ms=moment):
                return moment
        return None


class Outgoing(msgspec.Struct, array_like=True, frozen=True):
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


@dataclass
class BatchOutput:
    """Everything one micro-batch produces besides entity states."""

    enriched: list[Outgoing] = field(default_factory=list)
    dead_letters: list[Outgoing] = field(default_factory=list)
    lake_transactions: list[tuple[Transaction, int]] = field(default_factory=list)
    lake_labels: list[Label] = field(default_factory=list)


class _DeadLetter(msgspec.Struct):
    reason: str
    error: str
    field: str | None
    stream: str
    shard_id: str
    sequence_number: str
    arrival_time: str
    payload: str


_encode = msgspec.json.Encoder().encode


def dead_letter(event: Event, stream: str, kind: str, field: str | None, error: str) -> bytes:
    """A dead-letter record: the reason, the origin (physical `stream` name) and the original bytes."""
    raw = event.raw
    return _encode(
        _DeadLetter(
            kind,
            error,
            field,
            stream,
            event.source.shard,
            raw.sequence,
            iso(raw.arrival_ms),
            base64.b64encode(raw.data).decode(),
        )
    )
