"""Raw transaction bytes to a checked `Transaction`."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Literal, get_args

import msgspec

from processing.events.countries import COUNTRIES
from processing.events.currencies import DECIMALS
from processing.events.json_input import decode, identifier, milliseconds
from processing.events.records import RejectedRecord, Transaction

STALE_MS = 5 * 60_000
# With this ceiling the sum of any 30 days stays far inside 64 bits.
MAX_AMOUNT = Decimal(1_000_000_000)
_LONGEST_NUMBER = 40

_Identifier = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
_Channel = Literal["pos", "online", "atm", "contactless", "mobile"]
_Status = Literal["approved", "declined"]
_CHOICES = {"channel": get_args(_Channel), "status": get_args(_Status)}


class _Location(msgspec.Struct, gc=False):
    lat: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    lon: Annotated[float, msgspec.Meta(ge=-180, le=180)]


class _RawTransaction(msgspec.Struct, gc=False):
    transaction_id: _Identifier
    user_id: _Identifier
    merchant_id: _Identifier
    amount: msgspec.Raw
    currency: str
    timestamp: Annotated[datetime, msgspec.Meta(tz=True)]
    location: _Location | None = None
    country: str | None = None
    device: Annotated[str, msgspec.Meta(min_length=1, max_length=128)] | None = None
    channel: _Channel | None = None
    status: _Status | None = None


_decoder = msgspec.json.Decoder(_RawTransaction)


def decode_transaction(raw: bytes, now_ms: int, replay: bool) -> Transaction:
    """Decode and check one transaction.

    Args:
        raw: the JSON record as the customer sent it.
        now_ms: the time to check its timestamp against, milliseconds since 1970.
        replay: accept transactions older than 5 minutes (but none from before the year 2000).

    Raises:
        RejectedRecord: with the dead-letter kind, the field at fault and the fix.
    """
    event = decode(_decoder, raw, _CHOICES)
    decimals = DECIMALS.get(event.currency)
    if decimals is None:
        raise _schema(
            "currency", f"{event.currency[:16]!r} is unknown: use an active ISO 4217 code like 'EUR'"
        )
    if event.country is not None and event.country not in COUNTRIES:
        raise _schema("country", f"{event.country[:16]!r} is unknown: use an ISO 3166 alpha-2 code like 'FR'")
    t_ms = milliseconds("timestamp", event.timestamp, now_ms)
    if not replay and t_ms < now_ms - STALE_MS:
        age = (now_ms - t_ms) // 1000
        raise _schema("timestamp", f"{age} s old: send it within {STALE_MS // 1000} s, or replay it")
    location = event.location
    return Transaction(
        identifier("transaction_id", event.transaction_id),
        identifier("user_id", event.user_id),
        identifier("merchant_id", event.merchant_id),
        _minor_units(bytes(event.amount), event.currency, decimals),
        event.currency,
        t_ms,
        None if location is None else location.lat,
        None if location is None else location.lon,
        event.country,
        event.device,
        event.channel,
        event.status,
    )


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
    if amount <= 0:
        raise _schema("amount", f"{text} is not positive: send an amount greater than 0")
    if amount > MAX_AMOUNT:
        raise _schema("amount", f"{text} is too large: send at most {MAX_AMOUNT}")
    exponent = amount.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -_LONGEST_NUMBER:
        raise _schema("amount", f"{text} is too small: {currency} has {decimals} decimals")
    minor = amount.scaleb(decimals)
    whole = int(minor)
    if whole != minor:
        raise _schema("amount", f"{text} has too many decimals: {currency} has {decimals}")
    return whole


def _schema(field: str, message: str) -> RejectedRecord:
    return RejectedRecord("schema-errors", field, message)
