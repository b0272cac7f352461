"""Raw fraud-label bytes to a checked `Label`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from processing.events.json_input import decode, identifier, milliseconds
from processing.events.records import Label


class _RawLabel(msgspec.Struct, gc=False):
    transaction_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    is_fraud: bool
    confidence: Annotated[float, msgspec.Meta(ge=0, le=1)]
    investigation_complete_time: Annotated[datetime, msgspec.Meta(tz=True)]
    fraud_type: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None = None


_decoder = msgspec.json.Decoder(_RawLabel)


def decode_label(raw: bytes, now_ms: int) -> Label:
    """Decode and check one label; `now_ms` as for `decode_transaction`.

    Raises:
        RejectedRecord: with the dead-letter kind, the field at fault and the fix.
    """
    label = decode(_decoder, raw)
    return Label(
        identifier("transaction_id", label.transaction_id),
        label.is_fraud,
        milliseconds("investigation_complete_time", label.investigation_complete_time, now_ms),
        label.confidence,
        label.fraud_type,
    )
