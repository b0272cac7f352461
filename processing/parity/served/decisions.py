"""The endpoint's record of a decision, as far as parity needs it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from processing.parity.served.moments import milliseconds


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


def decode_decision(data: bytes) -> Decision:
    """A record of the ``model-predictions`` stream.

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
