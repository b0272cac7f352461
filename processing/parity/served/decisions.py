"""The endpoint's record of a decision, as far as parity needs it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from processing.events.avro_input import AvroRecords
from processing.events.moments import iso
from processing.parity.served.moments import milliseconds
from processing.schemas.framing import VERSION as FRAME_VERSION


class AsOf(msgspec.Struct, frozen=True):
    """Event times of the records that were read, in milliseconds since 1970; None: there was no record."""

    profile: int | None
    user: int | None
    merchant: int | None


class Decision(msgspec.Struct, frozen=True):
    """One decision. Times in milliseconds since 1970.

    Attributes:
        time_ms: the transaction's own time.
        decided_ms: the server's clock when it had decided.
        features: value by name, None for missing; None as a whole when none were computed.
        as_of: None when no records were read.
    """

    transaction_id: str
    user_id: str
    merchant_id: str
    time_ms: int
    decided_ms: int
    features: dict[str, float | None] | None
    as_of: AsOf | None


class _AsOf(msgspec.Struct):
    profile: str | None
    user: str | None
    merchant: str | None


class _Record(msgspec.Struct):
    transaction_id: str
    user_id: str
    merchant_id: str
    timestamp: datetime
    decided_at: datetime
    features_used: dict[str, float | None] | None
    features_as_of: _AsOf | None


_decoder = msgspec.json.Decoder(_Record)


def as_json(data: bytes, avro: AvroRecords) -> bytes:
    """A record of the ``model-predictions`` stream as JSON, whichever of its formats it has.

    Raises:
        UnreadableRecordError: it is Avro that cannot be read.
    """
    if data[:1] != bytes((FRAME_VERSION,)):
        return data
    record = avro.read(data)
    for name in ("timestamp", "decided_at"):
        record[name] = iso(record[name])
    seen = record["features_as_of"]
    if seen is not None:
        record["features_as_of"] = {name: None if at is None else iso(at) for name, at in seen.items()}
    return msgspec.json.encode(record)


def decode_decision(data: bytes) -> Decision:
    """A record of the ``model-predictions`` stream, as `as_json` gives it.

    Raises:
        msgspec.ValidationError: it is no such record; the message names the field.
        ValueError: a time is not ISO-8601 with a zone.
    """
    record = _decoder.decode(data)
    seen = record.features_as_of
    return Decision(
        record.transaction_id,
        record.user_id,
        record.merchant_id,
        milliseconds(record.timestamp),
        milliseconds(record.decided_at),
        record.features_used,
        None if seen is None else AsOf(_moment(seen.profile), _moment(seen.user), _moment(seen.merchant)),
    )


def _moment(text: str | None) -> int | None:
    return None if text is None else milliseconds(datetime.fromisoformat(text))
