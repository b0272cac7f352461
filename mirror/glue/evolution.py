"""Which Avro schema may follow which, by a schema's compatibility setting."""

from __future__ import annotations

import json
from collections.abc import Sequence

from fastavro.schema import parse_schema

from mirror.api import Document, ServiceError
from processing.schemas.compatibility import NOT_A_SCHEMA, problems


def fault(data_format: str, definition: str) -> str:
    """Why a definition is not valid; empty when it is.

    Raises:
        ServiceError: ``InvalidInputException`` for a format other than Avro.
    """
    if data_format != "AVRO":
        raise ServiceError("InvalidInputException", f"DataFormat {data_format}: the mirror knows AVRO only")
    try:
        parse_schema(json.loads(definition))
    except NOT_A_SCHEMA as error:
        return f"Schema definition of AVRO data format is invalid: {error}"
    return ""


def refusals(compatibility: str, checkpoint: int, versions: Sequence[Document], definition: str) -> list[str]:
    """Why `definition` may not follow `versions` (the oldest first); empty when it may.

    Settings that end in ``_ALL`` look at every version from the checkpoint on, the others at the last one.
    """
    direction, _, every = compatibility.partition("_")
    available = [version for version in versions if version["Status"] == "AVAILABLE"]
    if direction == "NONE" or not available:
        return []
    if direction == "DISABLED":
        return ["compatibility is DISABLED: no further version may be registered"]
    held = [v for v in available if v["VersionNumber"] >= checkpoint] if every else available[-1:]
    new = json.loads(definition)
    found: list[str] = []
    for version in held:
        old, number = json.loads(version["SchemaDefinition"]), version["VersionNumber"]
        if direction in ("BACKWARD", "FULL"):
            found += [f"cannot read version {number}: {line}" for line in problems(old, new)]
        if direction in ("FORWARD", "FULL"):
            found += [f"version {number} cannot read it: {line}" for line in problems(new, old)]
    return found
