"""Versions of a schema: registering one, and finding it again."""

from __future__ import annotations

import json
import uuid

from mirror.api import Context, Document, ServiceError
from mirror.glue import store
from mirror.glue.evolution import refusals


def register(ctx: Context, schema: Document, definition: str) -> Document:
    """The version with this definition: the one there is, or the next.

    As on AWS, a definition that may not follow is registered too, with the status FAILURE: nobody can use
    it, and its number is spent. Why it may not is in ``Refusals``, which no API returns. Hold `store.lock`.
    """
    known = store.versions_of(ctx, schema)
    same = by_definition(known, definition)
    if same is not None:
        return same
    found = refusals(schema["Compatibility"], schema["SchemaCheckpoint"], known, definition)
    number = schema["NextSchemaVersion"]
    version = {
        "SchemaVersionId": str(uuid.uuid4()),
        "SchemaDefinition": definition,
        "DataFormat": schema["DataFormat"],
        "SchemaArn": schema["SchemaArn"],
        "VersionNumber": number,
        "Status": "FAILURE" if found else "AVAILABLE",
        "CreatedTime": store.now(),
        "Refusals": found,
    }
    key = store.version_key(schema, number)
    store.versions(ctx).put(ctx.region, key, version)
    store.version_keys(ctx).put(ctx.region, version["SchemaVersionId"], {"key": key})
    latest = schema["LatestSchemaVersion"] if found else number
    store.put_schema(ctx, schema, NextSchemaVersion=number + 1, LatestSchemaVersion=latest)
    return version


def by_definition(versions: list[Document], definition: str) -> Document | None:
    """The usable version with this definition; white space and the order of keys do not matter."""
    wanted = json.loads(definition)
    for version in versions:
        if version["Status"] == "AVAILABLE" and json.loads(version["SchemaDefinition"]) == wanted:
            return version
    return None


def by_id(ctx: Context, version_id: str) -> Document:
    """A version by its id.

    Raises:
        ServiceError: ``EntityNotFoundException``.
    """
    place = store.version_keys(ctx).get(ctx.region, version_id)
    version = store.versions(ctx).get(ctx.region, place["key"]) if place else None
    if version is None:
        raise ServiceError(
            "EntityNotFoundException", f"Schema version is not found. SchemaVersionId: {version_id}"
        )
    return version


def numbered(ctx: Context, schema: Document, wanted: Document) -> Document:
    """A version by SchemaVersionNumber.

    Raises:
        ServiceError: ``EntityNotFoundException``, or ``InvalidInputException`` when it says nothing.
    """
    number = schema["LatestSchemaVersion"] if wanted.get("LatestVersion") else wanted.get("VersionNumber")
    if number is None:
        raise ServiceError(
            "InvalidInputException", "SchemaVersionNumber: give LatestVersion or VersionNumber"
        )
    version = store.versions(ctx).get(ctx.region, store.version_key(schema, int(number)))
    if version is None:
        raise ServiceError(
            "EntityNotFoundException",
            f"Schema version is not found. SchemaArn: {schema['SchemaArn']}, VersionNumber: {number}",
        )
    return version
