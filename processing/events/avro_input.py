"""Framed Avro records as structs; errors name the field and the fix, as those of JSON do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

import msgspec

from processing.events.json_input import explained
from processing.events.records import RejectedRecord
from processing.schemas.framing import UnreadableRecordError

_NO_CHOICES: Mapping[str, tuple[str, ...]] = {}

T = TypeVar("T")


class AvroRecords(Protocol):
    """Reads framed records: `processing.schemas.reading.AvroReader`, which needs fastavro."""

    def read(self, data: bytes) -> dict[str, Any]:
        """One record by field name, or UnreadableRecordError."""
        ...


def decode_avro(
    kind: type[T], raw: bytes, avro: AvroRecords | None, choices: Mapping[str, tuple[str, ...]] = _NO_CHOICES
) -> T:
    """Decode one framed record; `choices` as for JSON.

    Raises:
        RejectedRecord: ``incomplete`` when a field has no value, else ``schema-errors``.
    """
    if avro is None:
        raise RejectedRecord(
            "schema-errors", None, "Avro cannot be read here: send JSON, or set a registry up"
        )
    try:
        return msgspec.convert(avro.read(raw), kind)
    except UnreadableRecordError as error:
        raise RejectedRecord("schema-errors", None, str(error)) from None
    except msgspec.ValidationError as error:
        raise explained(str(error), choices) from None
