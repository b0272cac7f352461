"""A registry of schema versions in memory: what the tests resolve ids with."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid5

from processing.schemas import current, definition
from processing.schemas.reading import AvroReader, UnknownVersionError
from processing.schemas.writing import AvroWriter

_SPACE = UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")


class Table:
    """Definitions by id; `asked` counts how often it was asked."""

    def __init__(self) -> None:
        self.definitions: dict[UUID, str] = {}
        self.asked = 0

    def add(self, schema: Any) -> UUID:
        """Register a schema; equal ones have equal ids."""
        text = schema if isinstance(schema, str) else definition(schema)
        version = uuid5(_SPACE, text)
        self.definitions[version] = text
        return version

    def __call__(self, version: UUID) -> str:
        self.asked += 1
        try:
            return self.definitions[version]
        except KeyError:
            raise UnknownVersionError(str(version)) from None

    def reader(self, name: str) -> AvroReader:
        return AvroReader(name, self)

    def writer(self, name: str, *, compress: bool = False) -> AvroWriter:
        """A writer of the committed version, which is registered."""
        return AvroWriter(name, self.add(current(name)), compress=compress)
