"""The schemas in AWS Glue Schema Registry, by plain boto3."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from processing.schemas.files import definition, history
from processing.schemas.reading import Definitions, UnknownVersionError


def registry_name(prefix: str) -> str:
    """The registry of one environment; `prefix` is `feature_groups.names.Names.prefix`."""
    return f"{prefix}-schemas"


def glue_definitions(client: Any) -> Definitions:
    """Where `processing.schemas.reading.AvroReader` finds the versions that writers name.

    Args:
        client: boto3's ``glue`` client. Its retries decide how long an unreachable registry is waited for:
            a record is never refused because of one, the registry's error is raised.

    Returns:
        A function that raises UnknownVersionError for a version that does not exist or never passed the
        check of compatibility.
    """

    def definition_of(schema_version: UUID) -> str:
        try:
            found = client.get_schema_version(SchemaVersionId=str(schema_version))
        except client.exceptions.EntityNotFoundException as error:
            raise UnknownVersionError(str(schema_version)) from error
        if found["Status"] != "AVAILABLE":
            raise UnknownVersionError(f"{schema_version} is {found['Status']}")
        return str(found["SchemaDefinition"])

    return definition_of


def newest_version(client: Any, registry: str, name: str) -> UUID:
    """The id of the newest released version of a schema, which the deployment registered.

    Raises:
        LookupError: it is not registered.
    """
    try:
        found = client.get_schema_by_definition(
            SchemaId={"RegistryName": registry, "SchemaName": name},
            SchemaDefinition=definition(history(name)[-1]),
        )
    except client.exceptions.EntityNotFoundException as error:
        raise LookupError(
            f"the newest {name} is not in the registry {registry}: deploy the ingestion stack"
        ) from error
    return UUID(found["SchemaVersionId"])
