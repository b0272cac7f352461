"""What a schema may become: something that reads every version before it."""

from __future__ import annotations

from collections.abc import Sequence

from processing.schemas.avro_types import AvroType
from processing.schemas.compatibility import problems


def refusals(name: str, schema: AvroType, versions: Sequence[AvroType]) -> list[str]:
    """Why `schema` may not follow `versions`; empty when it may.

    Streams keep records for up to 90 days, so it has to read what every version wrote, not only the last.

    Returns:
        One line per problem, naming the schema, the version, the field and what to do.
    """
    found: dict[str, int] = {}
    for number, version in enumerate(versions, 1):
        for problem in problems(version, schema):
            found[problem] = number  # said once, for the newest version that it is true of
    return [f"{name}: cannot read version {number}: {problem}" for problem, number in found.items()]


def same_fields(one: AvroType, other: AvroType) -> bool:
    """Whether two schemas differ in nothing but their descriptions."""
    return bool(_without_docs(one) == _without_docs(other))


def _without_docs(schema: AvroType) -> AvroType:
    if isinstance(schema, list):
        return [_without_docs(item) for item in schema]
    if isinstance(schema, dict):
        return {key: _without_docs(value) for key, value in schema.items() if key != "doc"}
    return schema
