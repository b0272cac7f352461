"""The committed schemas: ``<name>.avsc`` is the newest, ``history/<name>/v<N>.avsc`` every released one."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

SCHEMAS = ("transactions-raw", "transactions-enriched", "fraud-labels", "model-predictions", "dead-letters")
"""Schemas by name: that of the stream, and one envelope for all dead letters and late records."""


def schema_of(stream: str) -> str:
    """The schema of the records on one of `feature_groups.names.STREAMS` or of the dead-letter streams."""
    return stream if stream in SCHEMAS else "dead-letters"


def current(name: str) -> dict[str, Any]:
    """The newest schema of `name`, as committed.

    Raises:
        ValueError: there is no such schema.
    """
    if name not in SCHEMAS:
        raise ValueError(f"schema {name!r}: expected one of {', '.join(SCHEMAS)}")
    found: dict[str, Any] = json.loads((_folder() / f"{name}.avsc").read_text(encoding="utf-8"))
    return found


def history(name: str) -> list[dict[str, Any]]:
    """Every released version of a schema, the oldest first."""
    folder = _folder() / "history" / name
    count = sum(1 for entry in folder.iterdir() if entry.name.endswith(".avsc")) if folder.is_dir() else 0
    return [json.loads((folder / f"v{n}.avsc").read_text(encoding="utf-8")) for n in range(1, count + 1)]


def definition(schema: object) -> str:
    """A schema as the text a registry holds: compact, the same for the same schema."""
    return json.dumps(schema, separators=(",", ":"), ensure_ascii=False)


def formatted(schema: object) -> str:
    """A schema as the text of its file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


@cache
def _folder() -> Traversable:
    return files("processing.schemas")
