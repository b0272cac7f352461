"""Raw fraud-label bytes to a checked `Label`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Generic, TypeVar

import msgspec
from msgspec import Meta

from processing.events.avro_input import AvroRecords, decode_avro
from processing.events.json_input import decode, identifier, milliseconds, recent
from processing.events.records import Label
from processing.schemas.framing import is_framed

TimeT = TypeVar("TimeT")
_KNOWN = "investigation_complete_time"


class WireLabel(msgspec.Struct, Generic[TimeT], gc=False):
    """A label as investigators send it; JSON and Avro write times in their own ways."""

    transaction_id: Annotated[str, Meta(min_length=1, max_length=64)]
    is_fraud: bool
    confidence: Annotated[float, Meta(ge=0, le=1, description="0 to 1")]
    investigation_complete_time: TimeT
    fraud_type: Annotated[str, Meta(min_length=1, max_length=64)] | None = None


RawLabel = WireLabel[Annotated[datetime, Meta(tz=True, description="When the outcome was known")]]
"""In JSON; the Avro schema of `fraud-labels` derives from it."""

_AvroLabel = WireLabel[int]
"""In Avro: milliseconds since 1970."""

_decoder = msgspec.json.Decoder(RawLabel)


def decode_label(raw: bytes, now_ms: int, avro: AvroRecords | None = None) -> Label:
    """Decode and check one label; `now_ms` and `avro` as for `decode_transaction`.

    Raises:
        RejectedRecord: with the dead-letter kind, the field at fault and the fix.
    """
    if is_framed(raw):
        record = decode_avro(_AvroLabel, raw, avro)
        return _checked(record, recent(_KNOWN, record.investigation_complete_time, now_ms))
    document = decode(_decoder, raw)
    return _checked(document, milliseconds(_KNOWN, document.investigation_complete_time, now_ms))


def _checked(label: WireLabel[TimeT], known_ms: int) -> Label:
    return Label(
        identifier("transaction_id", label.transaction_id),
        label.is_fraud,
        known_ms,
        label.confidence,
        label.fraud_type,
    )
