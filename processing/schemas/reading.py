"""Reads framed Avro records, whatever version of their schema they were written with."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from io import BytesIO
from typing import Any, NamedTuple, cast
from uuid import UUID

from fastavro import schemaless_reader
from fastavro.schema import parse_schema

from processing.schemas.compatibility import NOT_A_SCHEMA, problems
from processing.schemas.files import current
from processing.schemas.framing import UnreadableRecordError, unframe

Definitions = Callable[[UUID], str]
"""The definition of a schema version; raises `UnknownVersionError` for one that does not exist."""

MAX_BYTES = 256 * 1024
_FORGET_SECONDS = 60.0
_MOST_VERSIONS = 1_000  # ids that are remembered; a sender of random ids must not fill the memory

# Everything fastavro raises when bytes do not fit their schema; what a Python of its own raises is a bug.
_CORRUPT = (EOFError, IndexError, ValueError, OverflowError, KeyError, TypeError, MemoryError)


class UnknownVersionError(LookupError):
    """A registry does not have a schema version."""


class _Version(NamedTuple):
    """A schema version as fastavro reads it, or why it cannot be read."""

    writer: Any
    reader: Any
    refused: str | None
    until: float


class AvroReader:
    """Reads the records of one schema into dictionaries.

    Timestamps come as int milliseconds and decimals as their unscaled bytes: logical types are left to the
    caller, who checks the values anyway. Safe to use from several threads.

    Args:
        name: one of `processing.schemas.SCHEMAS`; its committed version is what records are read as.
        definitions: where the writers' schema versions are found; asked once for each.
    """

    def __init__(self, name: str, definitions: Definitions) -> None:
        self._name, self._definitions = name, definitions
        self._schema = current(name)
        self._versions: dict[bytes, _Version] = {}
        self._asking = threading.Lock()

    def read(self, data: bytes) -> dict[str, Any]:
        """One framed record.

        Raises:
            UnreadableRecordError: the frame, the schema version or the body is not usable.
            Exception: what `definitions` raises when the registry cannot be asked.
        """
        schema_version, body = unframe(data, MAX_BYTES)
        version = self._versions.get(schema_version)
        if version is None or version.until < time.monotonic():
            version = self._resolve(schema_version)
        if version.refused is not None:
            raise UnreadableRecordError(version.refused)
        return _read(schema_version, body, version.writer, version.reader)

    def _resolve(self, schema_version: bytes) -> _Version:
        with self._asking:
            version = self._ask(UUID(bytes=schema_version))
            if len(self._versions) >= _MOST_VERSIONS:
                self._versions.clear()
            self._versions[schema_version] = version
        return version

    def _ask(self, schema_version: UUID) -> _Version:
        # What is refused may be registered or corrected; what was read once is never changed.
        soon = time.monotonic() + _FORGET_SECONDS
        try:
            writer = json.loads(self._definitions(schema_version))
            refused = problems(writer, self._schema)
        except UnknownVersionError:
            return _Version(
                None, None, f"schema version {schema_version} is unknown: register it first", soon
            )
        except NOT_A_SCHEMA as error:
            return _Version(None, None, f"schema version {schema_version} is no Avro schema: {error}", soon)
        if refused:
            text = f"schema version {schema_version} cannot be read as {self._name}: {'; '.join(refused)}"
            return _Version(None, None, text, soon)
        plain, wanted = _without_logical_types(writer), _without_logical_types(self._schema)
        # Without a reader schema there is nothing to resolve, which is faster.
        reader = None if plain == wanted else parse_schema(wanted)
        return _Version(parse_schema(plain), reader, None, float("inf"))


def read_as_written(data: bytes, definitions: Definitions) -> dict[str, Any]:
    """One framed record with the fields it was written with, times as datetimes and amounts as decimals.

    Raises:
        UnreadableRecordError: the frame, the schema version or the body is not usable.
        Exception: what `definitions` raises when the registry cannot be asked.
    """
    schema_version, body = unframe(data, MAX_BYTES)
    version = UUID(bytes=schema_version)
    try:
        writer = parse_schema(json.loads(definitions(version)))
    except UnknownVersionError:
        raise UnreadableRecordError(f"schema version {version} is unknown: register it first") from None
    except NOT_A_SCHEMA as error:
        raise UnreadableRecordError(f"schema version {version} is no Avro schema: {error}") from None
    return _read(schema_version, body, writer, None)


def _read(schema_version: bytes, body: bytes, writer: Any, reader: Any) -> dict[str, Any]:
    source = BytesIO(body)
    try:
        record: Any = schemaless_reader(source, writer, reader)
    except _CORRUPT as error:
        what = str(error) or type(error).__name__
        raise UnreadableRecordError(
            f"the Avro body does not fit schema version {UUID(bytes=schema_version)} ({what}): write it "
            "with the schema that the frame names"
        ) from None
    if source.tell() != len(body):
        rest = len(body) - source.tell()
        raise UnreadableRecordError(f"{rest} bytes follow the Avro record: send one record per frame")
    return cast(dict[str, Any], record)


def _without_logical_types(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_without_logical_types(item) for item in schema]
    if isinstance(schema, dict):
        dropped = ("logicalType", "precision", "scale", "doc")
        return {key: _without_logical_types(value) for key, value in schema.items() if key not in dropped}
    return schema
