"""What producers put on a stream: JSON, or the same record as framed Avro."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from feature_groups.names import Names
from processing.events.labels import RawLabel
from processing.events.transactions import WireTransaction
from processing.schemas.files import schema_of
from processing.schemas.records import DeadLetter, EnrichedTransaction, Prediction
from processing.schemas.registry import newest_version, registry_name
from processing.schemas.writing import AvroWriter, stream_format

Encode = Callable[[bytes], bytes]

_NATIVE = (datetime, Decimal, bytes)
_DECODERS: dict[str, msgspec.json.Decoder[Any]] = {
    "transactions-raw": msgspec.json.Decoder(WireTransaction[Decimal, datetime]),
    # Features are computed as floats: 3.0 is a count of 3.
    "transactions-enriched": msgspec.json.Decoder(EnrichedTransaction, strict=False),
    "fraud-labels": msgspec.json.Decoder(RawLabel),
    "model-predictions": msgspec.json.Decoder(Prediction),
    "dead-letters": msgspec.json.Decoder(DeadLetter),
}


def encoder(stream: str, names: Names, glue: Any, environ: Mapping[str, str] = os.environ) -> Encode:
    """A function from a JSON record to what goes onto `stream`, as ``FRAUDLINE_STREAM_FORMAT`` says.

    Args:
        stream: one of `feature_groups.names.STREAMS`.
        glue: boto3's ``glue`` client; used only for Avro.

    Raises:
        ValueError: the variable says neither ``json`` nor ``avro``.
        LookupError: the stream's schema is not in the registry.
    """
    if stream_format(environ) == "json":
        return _unchanged
    name = schema_of(stream)
    version = newest_version(glue, registry_name(names.prefix), name)
    return avro_encoder(name, AvroWriter(name, version))


def avro_encoder(name: str, writer: AvroWriter) -> Encode:
    """A function from a JSON record of schema `name` to framed Avro.

    It raises ValueError for a record that does not fit the schema; the message names the field.
    """
    decode = _DECODERS[name].decode

    def encode(document: bytes) -> bytes:
        # msgspec's errors are ValueErrors that name the field.
        return writer.write(msgspec.to_builtins(decode(document), builtin_types=_NATIVE))

    return encode


def _unchanged(document: bytes) -> bytes:
    return document
