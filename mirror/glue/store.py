"""Documents of the Schema Registry: registries, schemas, and every version that was ever registered."""

from __future__ import annotations

import re
import threading
from typing import Any

from mirror.api import Context, Document, ServiceError
from mirror.aws import Aws
from mirror.documents import Collection, utcnow

DEFAULT_REGISTRY = "default-registry"
_SCHEMA_ARN = re.compile(r"arn:aws[a-z-]*:glue:[a-z0-9-]+:\d{12}:schema/([^/]+)/([^/]+)")
_REGISTRY_ARN = re.compile(r"arn:aws[a-z-]*:glue:[a-z0-9-]+:\d{12}:registry/([^/]+)")

lock = threading.RLock()
"""Held while something is changed: names and version numbers are given once."""


def registries(ctx: Context) -> Collection:
    return ctx.cloud.documents.collection("glue-registry")


def schemas(ctx: Context) -> Collection:
    """Schemas by ``registry/name``."""
    return ctx.cloud.documents.collection("glue-schema")


def versions(ctx: Context) -> Collection:
    """Schema versions by ``registry/name/00000007``."""
    return ctx.cloud.documents.collection("glue-schema-version")


def version_keys(ctx: Context) -> Collection:
    """Where a schema version is stored, by its id."""
    return ctx.cloud.documents.collection("glue-schema-version-key")


def registry_name(identity: Document | None) -> str:
    """The name a RegistryId means; the default registry when it says nothing."""
    identity = identity or {}
    found = _REGISTRY_ARN.fullmatch(identity.get("RegistryArn", ""))
    return found[1] if found else str(identity.get("RegistryName", DEFAULT_REGISTRY))


def get_registry(ctx: Context, identity: Document | None) -> Document:
    """A registry by RegistryId.

    Raises:
        ServiceError: ``EntityNotFoundException``.
    """
    name = registry_name(identity)
    found = registries(ctx).get(ctx.region, name)
    if found is None:
        arn = (identity or {}).get("RegistryArn", "null")
        raise ServiceError(
            "EntityNotFoundException", f"Registry is not found. RegistryName: {name}, RegistryArn: {arn}"
        )
    return found


def schema_key(identity: Document) -> str:
    """``registry/name`` of a SchemaId.

    Raises:
        ServiceError: ``InvalidInputException`` when it names no schema.
    """
    found = _SCHEMA_ARN.fullmatch(identity.get("SchemaArn", ""))
    if found:
        return f"{found[1]}/{found[2]}"
    if "SchemaName" not in identity:
        raise ServiceError(
            "InvalidInputException", "SchemaId: give SchemaArn, or SchemaName and RegistryName"
        )
    return f"{identity.get('RegistryName', DEFAULT_REGISTRY)}/{identity['SchemaName']}"


def get_schema(ctx: Context, identity: Document) -> Document:
    """A schema by SchemaId.

    Raises:
        ServiceError: ``EntityNotFoundException``.
    """
    key = schema_key(identity)
    found = schemas(ctx).get(ctx.region, key)
    if found is None:
        registry, name = key.split("/")
        arn = identity.get("SchemaArn", "null")
        raise ServiceError(
            "EntityNotFoundException",
            f"Schema is not found. RegistryName: {registry}, SchemaName: {name}, SchemaArn: {arn}",
        )
    return found


def versions_of(ctx: Context, schema: Document) -> list[Document]:
    """Every version of a schema, the oldest first."""
    return versions(ctx).values(ctx.region, f"{schema['RegistryName']}/{schema['SchemaName']}/")


def version_key(schema: Document, number: int) -> str:
    return f"{schema['RegistryName']}/{schema['SchemaName']}/{number:08d}"


def put_schema(ctx: Context, schema: Document, **changes: Any) -> Document:
    """Store a schema with some of its fields changed; returns it."""
    changed = {**schema, **changes, "UpdatedTime": now()}
    schemas(ctx).put(ctx.region, f"{schema['RegistryName']}/{schema['SchemaName']}", changed)
    return changed


def drop_schema(ctx: Context, schema: Document) -> None:
    """Delete a schema and all its versions."""
    for version in versions_of(ctx, schema):
        drop_version(ctx, schema, version)
    schemas(ctx).delete(ctx.region, f"{schema['RegistryName']}/{schema['SchemaName']}")


def drop_version(ctx: Context, schema: Document, version: Document) -> None:
    version_keys(ctx).delete(ctx.region, version["SchemaVersionId"])
    versions(ctx).delete(ctx.region, version_key(schema, version["VersionNumber"]))


def tag(ctx: Context, arn: str, tags: dict[str, str] | None) -> None:
    """Tags of Glue's resources are moto's."""
    if tags:
        Aws(ctx)("glue", "TagResource", ResourceArn=arn, TagsToAdd=tags)


def now() -> str:
    """Times in this API are text."""
    return utcnow().isoformat(timespec="milliseconds").replace("+00:00", "Z")
