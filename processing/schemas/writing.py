"""Writes records as framed Avro."""

from __future__ import annotations

import os
from collections.abc import Mapping
from io import BytesIO
from typing import Any, Literal, cast, get_args
from uuid import UUID

from fastavro import schemaless_writer
from fastavro.schema import parse_schema
from fastavro.validation import ValidationError, validate

from processing.schemas.files import current
from processing.schemas.framing import frame

StreamFormat = Literal["json", "avro"]
VARIABLE = "FRAUDLINE_STREAM_FORMAT"


def stream_format(environ: Mapping[str, str] = os.environ) -> StreamFormat:
    """What producers write, from ``FRAUDLINE_STREAM_FORMAT``; JSON unless it says ``avro``.

    Raises:
        ValueError: it says something else.
    """
    value = environ.get(VARIABLE, "json")
    for known in get_args(StreamFormat):
        if value == known:
            return cast(StreamFormat, known)
    raise ValueError(f"{VARIABLE}: {value!r} is unknown: set json or avro")


# What fastavro raises, depending on what does not fit.
_UNFIT = (TypeError, ValueError, KeyError, AttributeError, OverflowError)


class AvroWriter:
    """Writes the records of one schema in its newest committed version.

    Args:
        name: one of `processing.schemas.SCHEMAS`.
        schema_version: the id that the registry gave this version.
        compress: bodies with zlib.
    """

    def __init__(self, name: str, schema_version: UUID, *, compress: bool = False) -> None:
        self._name, self._version, self._compress = name, schema_version.bytes, compress
        self._schema: Any = parse_schema(current(name))

    def write(self, record: Mapping[str, Any]) -> bytes:
        """One framed record; timestamps are aware datetimes, amounts are `decimal.Decimal`.

        Raises:
            ValueError: the record does not fit the schema; the message names the field.
        """
        body = BytesIO()
        try:
            schemaless_writer(body, self._schema, record)
        except _UNFIT as error:
            raise ValueError(
                f"the record does not fit {self._name}: {self._fault(record) or error}"
            ) from error
        return frame(self._version, body.getvalue(), compress=self._compress)

    def _fault(self, record: Mapping[str, Any]) -> str:
        """The first field that does not fit, and why: slow, and only asked for when something is wrong."""
        for field in self._schema["fields"]:
            value = record.get(field["name"], field.get("default"))
            try:
                validate(value, field["type"], field["name"])
            except ValidationError as error:
                return "; ".join(str(line) for line in error.errors)
            except _UNFIT as error:
                return f"{field['name']}: {error}"
        return ""
