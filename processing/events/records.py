"""The checked records that everything behind the border works with."""

from __future__ import annotations

from typing import Literal

import msgspec

from processing.events.currencies import hundredths

RejectionKind = Literal["schema-errors", "incomplete", "processing-errors"]


class RejectedRecord(ValueError):  # noqa: N818 - a refused record is an outcome, not a malfunction
    """A record that does not enter.

    Attributes:
        kind: the dead-letter stream it belongs to, one of `feature_groups.names.DEAD_LETTERS`.
        field: the field at fault, dotted for nested ones; None when the whole record is.
        message: what is wrong, and what is expected instead.
    """

    def __init__(self, kind: RejectionKind, field: str | None, message: str) -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.kind: RejectionKind = kind
        self.field = field
        self.message = message


class Transaction(msgspec.Struct, frozen=True, gc=False):
    """A card transaction that passed every check.

    Attributes:
        amount_minor: amount in the currency's minor units (cents; yen for JPY), at least 1.
        timestamp_ms: event time in milliseconds since 1970, UTC.
        lat, lon: degrees, both or neither.
        country: ISO 3166 alpha-2.
    """

    transaction_id: str
    user_id: str
    merchant_id: str
    amount_minor: int
    currency: str
    timestamp_ms: int
    lat: float | None = None
    lon: float | None = None
    country: str | None = None
    device: str | None = None
    channel: str | None = None
    status: str | None = None

    @property
    def hundredths(self) -> int:
        """The amount in hundredths of the major unit: the unit that windows add up."""
        return hundredths(self.amount_minor, self.currency)


class Label(msgspec.Struct, frozen=True, gc=False):
    """The outcome of an investigation; `known_ms` is when it became known (UTC milliseconds)."""

    transaction_id: str
    is_fraud: bool
    known_ms: int
    confidence: float
    fraud_type: str | None = None


class Profile(msgspec.Struct, frozen=True, gc=False):
    """What features need of a user's profile; None where it is not known."""

    home_lat: float | None = None
    home_lon: float | None = None
    home_country: str | None = None
