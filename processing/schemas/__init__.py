"""The Avro schemas of the streams: declared in code, committed as files, evolved so that old records stay
readable.
"""

from __future__ import annotations

from processing.schemas.files import SCHEMAS, current, definition, history, schema_of

__all__ = ["SCHEMAS", "current", "definition", "history", "schema_of"]
