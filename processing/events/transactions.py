"""Raw transaction bytes to a checked `Transaction`."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Generic, Literal, TypeVar, get_args

import msgspec
from msgspec import Meta

from processing.events.avro_input import AvroRecords, decode_avro
from processing.events.countries import COUNTRIES
from processing.events.currencies import DECIMALS
from processing.events.json_input import decode, identifier, milliseconds, recent
from processing.events.records import RejectedRecord, Transaction
from processing.schemas.framing import is_framed

STALE_MS = 5 * 60_000
# With this ceiling the sum of any 30 days stays far inside 64 bits.
MAX_AMOUNT = Decimal(1_000_000_000)
_LONGEST_NUMBER = 40

AMOUNT_SCALE = 3
"""Decimals of an amount in Avro: as many as any currency has."""
_MOST_THOUSANDTHS = int(MAX_AMOUNT.scaleb(AMOUNT_SCALE))
_STEP: list[int] = [10 ** (AMOUNT_SCALE - decimals) for decimals in range(AMOUNT_SCALE + 1)]
_LONGEST_UNSCALED = 32

Identifier = Annotated[str, Meta(min_length=1, max_length=64)]
_AMOUNT = {"type": "bytes", "logicalType": "decimal", "precision": 13, "scale": AMOUNT_SCALE}
_Channel = Literal["pos", "online", "atm", "contactless", "mobile"]
_Status = Literal["approved", "declined"]
AmountT = TypeVar("AmountT")
TimeT = TypeVar("TimeT")
CHANNELS: tuple[str, ...] = get_args(_Channel)
_CHOICES = {"channel": CHANNELS, "status": get_args(_Status)}


class _Location(msgspec.Struct, gc=False):
    """Where the card was used."""

    lat: Annotated[float, Meta(ge=-90, le=90, description="Degrees")]
    lon: Annotated[float, Meta(ge=-180, le=180, description="Degrees")]


class WireTransaction(msgspec.Struct, Generic[AmountT, TimeT], gc=False):
    """A transaction as customers send it; JSON and Avro write amounts and times in their own ways."""

    transaction_id: Identifier
    user_id: Identifier
    merchant_id: Identifier
    amount: AmountT
    currency: Annotated[str, Meta(description="ISO 4217")]
    timestamp: TimeT
    location: _Location | None = None
    country: Annotated[str | None, Meta(description="ISO 3166-1 alpha-2")] = None
    device: Annotated[str, Meta(min_length=1, max_length=128)] | None = None
    channel: _Channel | None = None
    status: _Status | None = None


RawTransaction = WireTransaction[
    Annotated[
        msgspec.Raw, Meta(description="In major units of the currency, above 0", extra={"avro": _AMOUNT})
    ],
    Annotated[datetime, Meta(tz=True, description="When the card was used")],
]
"""In JSON; the Avro schema of `transactions-raw` derives from it."""

_AvroTransaction = WireTransaction[bytes, int]
"""In Avro: the unscaled amount, and milliseconds since 1970."""

_decoder = msgspec.json.Decoder(RawTransaction)


def decode_transaction(raw: bytes, now_ms: int, replay: bool, avro: AvroRecords | None = None) -> Transaction:
    """Decode and check one transaction.

    Args:
        raw: the record as the customer sent it: JSON, or Avro in Glue's framing.
        now_ms: the time to check its timestamp against, milliseconds since 1970.
        replay: accept transactions older than 5 minutes (but none from before the year 2000).
        avro: reads framed records; without one they are refused.

    Raises:
        RejectedRecord: with the dead-letter kind, the field at fault and the fix.
    """
    if is_framed(raw):
        record = decode_avro(_AvroTransaction, raw, avro, _CHOICES)
        decimals = _decimals(record.currency)
        t_ms = recent("timestamp", record.timestamp, now_ms)
        minor = _from_unscaled(record.amount, record.currency, decimals)
        return _checked(record, minor, t_ms, now_ms, replay)
    document = decode(_decoder, raw, _CHOICES)
    decimals = _decimals(document.currency)
    t_ms = milliseconds("timestamp", document.timestamp, now_ms)
    minor = _minor_units(bytes(document.amount), document.currency, decimals)
    return _checked(document, minor, t_ms, now_ms, replay)


def _checked(
    event: WireTransaction[AmountT, TimeT], minor: int, t_ms: int, now_ms: int, replay: bool
) -> Transaction:
    """The transaction, after the checks that both formats share."""
    if event.country is not None and event.country not in COUNTRIES:
        raise _schema("country", f"{event.country[:16]!r} is unknown: use an ISO 3166 alpha-2 code like 'FR'")
    if not replay and t_ms < now_ms - STALE_MS:
        age = (now_ms - t_ms) // 1000
        raise _schema("timestamp", f"{age} s old: send it within {STALE_MS // 1000} s, or replay it")
    location = event.location
    return Transaction(
        identifier("transaction_id", event.transaction_id),
        identifier("user_id", event.user_id),
        identifier("merchant_id", event.merchant_id),
        minor,
        event.currency,
        t_ms,
        None if location is None else location.lat,
        None if location is None else location.lon,
        event.country,
        event.device,
        event.channel,
        event.status,
    )


def _decimals(currency: str) -> int:
    decimals = DECIMALS.get(currency)
    if decimals is None:
        raise _schema("currency", f"{currency[:16]!r} is unknown: use an active ISO 4217 code like 'EUR'")
    return decimals


def _minor_units(literal: bytes, currency: str, decimals: int) -> int:
    """A JSON number literal as minor units, without passing through a float."""
    if literal == b"null":
        raise RejectedRecord("incomplete", "amount", "is null: send a number")
    text = literal[: _LONGEST_NUMBER + 1].decode()
    if not (text[0].isdigit() or text[0] == "-"):
        raise _schema("amount", "is not a number: send a JSON number like 12.50")
    if len(text) > _LONGEST_NUMBER:
        raise _schema("amount", f"has more than {_LONGEST_NUMBER} characters: send a plain number like 12.50")
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise _schema("amount", f"{text} is not a usable number: send one like 12.50") from None
    exponent = amount.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -_LONGEST_NUMBER:
        raise _schema("amount", f"{text} is too small: {currency} has {decimals} decimals")
    return _whole_units(amount, currency, decimals)


def _from_unscaled(unscaled: bytes, currency: str, decimals: int) -> int:
    """Avro's decimal, a big-endian integer of thousandths, as minor units."""
    if len(unscaled) > _LONGEST_UNSCALED:
        raise _schema("amount", f"has {len(unscaled)} bytes: send at most {MAX_AMOUNT}")
    thousandths = int.from_bytes(unscaled, "big", signed=True)
    minor, rest = divmod(thousandths, _STEP[decimals])
    if rest or not 0 < thousandths <= _MOST_THOUSANDTHS:
        return _whole_units(Decimal(thousandths).scaleb(-AMOUNT_SCALE), currency, decimals)
    return minor


def _whole_units(amount: Decimal, currency: str, decimals: int) -> int:
    """A checked amount in minor units."""
    if amount <= 0:
        raise _schema("amount", f"{amount} is not positive: send an amount greater than 0")
    if amount > MAX_AMOUNT:
        raise _schema("amount", f"{amount} is too large: send at most {MAX_AMOUNT}")
    minor = amount.scaleb(decimals)
    whole = int(minor)
    if whole != minor:
        raise _schema("amount", f"{amount} has too many decimals: {currency} has {decimals}")
    return whole


def _schema(field: str, message: str) -> RejectedRecord:
    return RejectedRecord("schema-errors", field, message)
