"""What travels between the operators: many records in one element, as bytes.

Crossing from Java to Python costs tens of microseconds whatever is handed over, so records travel in
bundles, split by *bucket*: the part of all users, merchants or transaction ids that share one key of a
Flink operator. The first byte of a bundle is its bucket; the rest is MessagePack.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import TypeVar

import msgspec

from processing.events import Label, Transaction
from processing.stream.records import Outgoing, RawRecord

# Keys per operator, and so its greatest parallelism. It is part of the state: never change it.
BUCKETS = 32

T = TypeVar("T")
_LENGTH = struct.Struct(">H")
_RECORD = struct.Struct(">qi")
_SIZE = struct.Struct(">i")


class UserEvent(msgspec.Struct, array_like=True, gc=False):
    """What a user's history needs of a transaction, as in `processing.engines.columns.EventColumns`.

    Attributes:
        user, merchant: identities.
        row: its place in the output of a bounded job.
        key: names it in the stream job, like `MerchantEvent.key`.
        transaction, arrival_ms: the whole record, in the stream job.
    """

    user: int
    merchant: int
    time: int
    amount: int
    device: int
    country: int
    status: int
    distance: float
    foreign: float
    row: int = -1
    key: str = ""
    transaction: Transaction | None = None
    arrival_ms: int = 0


class MerchantEvent(msgspec.Struct, array_like=True, tag=0, gc=False):
    """What a merchant's history needs of a transaction."""

    merchant: int
    user: int
    time: int
    row: int = -1
    key: str = ""
    merchant_id: str = ""


class Fraud(msgspec.Struct, array_like=True, tag=1, gc=False):
    """A fraud at a merchant became known.

    Attributes:
        instead_of: the later time that was known before; None for the first report.
    """

    merchant: int
    known_ms: int
    instead_of: int | None = None
    merchant_id: str = ""


class Half(msgspec.Struct, array_like=True, gc=False):
    """One half of a transaction's features: with the transaction from its user, without from its merchant."""

    key: str
    values: list[float]
    transaction: Transaction | None
    arrival_ms: int = 0


class Accepted(msgspec.Struct, array_like=True, tag=0, gc=False):
    """A transaction was accepted: labels of its id are its merchant's."""

    transaction_id: str
    merchant_id: str
    arrival_ms: int


class Labelled(msgspec.Struct, array_like=True, tag=1, gc=False):
    """A label, as one report about its transaction; `known_ms` is None when it says no fraud."""

    transaction_id: str
    known_ms: int | None
    arrival_ms: int


class Changed(msgspec.Struct, array_like=True, gc=False):
    """A state for the Feature Store; `kind` is ``u`` for a user's, ``m`` for a merchant's."""

    kind: str
    entity: str
    state: bytes


class Row(msgspec.Struct, array_like=True, gc=False):
    """An accepted transaction, or a label, for the lake."""

    sequence: str
    arrival_ms: int
    transaction: Transaction | None = None
    label: Label | None = None


Step = MerchantEvent | Fraud
Known = Accepted | Labelled

pack = msgspec.msgpack.Encoder().encode
events_of = msgspec.msgpack.Decoder(list[UserEvent]).decode
half_of = msgspec.msgpack.Decoder(Half).decode
halves_of = msgspec.msgpack.Decoder(list[Half]).decode
steps_of = msgspec.msgpack.Decoder(list[Step]).decode
known_of = msgspec.msgpack.Decoder(list[Known]).decode
changed_of = msgspec.msgpack.Decoder(list[Changed]).decode
rows_of = msgspec.msgpack.Decoder(list[Row]).decode
counts_of = msgspec.msgpack.Decoder(dict[str, int]).decode


def bucket(identity: int) -> int:
    """The bucket of a 64-bit identity."""
    return identity % BUCKETS


def first_byte(bundle: bytes) -> int:
    """The bucket of a bundle, the key of the operators."""
    return bundle[0]


def bundles(items: Iterable[tuple[int, T]]) -> Iterator[bytes]:
    """One bundle per bucket, each with its items in their order.

    Args:
        items: bucket and item.
    """
    grouped: defaultdict[int, list[T]] = defaultdict(list)
    for number, item in items:
        grouped[number].append(item)
    for number, group in grouped.items():
        yield bytes((number,)) + pack(group)


def grouped(items: Iterable[tuple[Hashable, T]]) -> list[list[T]]:
    """Items by key, in the order in which the keys first appear."""
    groups: defaultdict[Hashable, list[T]] = defaultdict(list)
    for key, item in items:
        groups[key].append(item)
    return list(groups.values())


def named(name: str, items: Sequence[object]) -> bytes:
    """Items under a name that `shard_of` tells and that is their key."""
    text = name.encode()
    return _LENGTH.pack(len(text)) + text + pack(items)


def unnamed(bundle: bytes) -> memoryview:
    """The items of `named`, packed."""
    (length,) = _LENGTH.unpack_from(bundle)
    return memoryview(bundle)[2 + length :]


def shard_of(chunk: bytes) -> str:
    """The shard that a chunk of the connector was read from."""
    (length,) = _LENGTH.unpack_from(chunk)
    return chunk[2 : 2 + length].decode()


def records_of(chunk: bytes) -> Iterator[RawRecord]:
    """The records of a chunk, in the shard's order (see the connector's `Chunk`)."""
    _, at = _text(chunk, 0)
    while at < len(chunk):
        key, at = _text(chunk, at)
        sequence, at = _text(chunk, at)
        arrival_ms, size = _RECORD.unpack_from(chunk, at)
        at += _RECORD.size
        yield RawRecord(sequence, arrival_ms, chunk[at : at + size], key)
        at += size


def outgoing(records: Iterable[Outgoing]) -> bytes:
    """Records for the connector's sink (see its `OutgoingWriter`)."""
    parts = []
    for record in records:
        stream, key = record.stream.encode(), record.partition_key.encode()
        head = _LENGTH.pack(len(stream)) + stream + _LENGTH.pack(len(key)) + key
        body = head + _SIZE.pack(len(record.data)) + record.data
        parts.append(_SIZE.pack(len(body)) + body)
    return b"".join(parts)


def _text(chunk: bytes, at: int) -> tuple[str, int]:
    """A text with its length before it, and where it ends. Java's modified UTF-8 of ASCII is ASCII."""
    (length,) = _LENGTH.unpack_from(chunk, at)
    end = at + 2 + length
    return chunk[at + 2 : end].decode("utf-8", "replace"), end
