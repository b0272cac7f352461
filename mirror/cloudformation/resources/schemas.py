"""AWS::Glue::Registry, AWS::Glue::Schema and AWS::Glue::SchemaVersion."""

from __future__ import annotations

from typing import Any, ClassVar

from mirror.api import Document, ServiceError
from mirror.cloudformation.coverage import Schema as Properties
from mirror.cloudformation.coverage import whole
from mirror.cloudformation.resource import (
    Immutable,
    Outcome,
    Request,
    ResourceType,
    boolean,
    ignoring,
    tag_changes,
    tags,
)
from mirror.glue import versions

_GONE = "EntityNotFoundException"


class Registry(ResourceType):
    type = "AWS::Glue::Registry"
    properties = whole("Description", "Name", "Tags")
    attributes = frozenset({"Arn"})
    replaced_by = frozenset({"Name"})
    name_property = "Name"
    name_limit = 255
    how = "mirror.glue"

    def create(self, request: Request) -> Outcome:
        params = request.pick("Description") | _tags(request.properties)
        arn = request.aws("glue", "CreateRegistry", RegistryName=request.name, **params)["RegistryArn"]
        return Outcome(arn, {"Arn": arn})

    def update(self, request: Request) -> Outcome:
        arn = request.physical_id
        if request.changed("Description"):
            text = request.properties.get("Description", "")
            request.aws("glue", "UpdateRegistry", RegistryId={"RegistryArn": arn}, Description=text)
        _retag(request, arn)
        return Outcome(arn, request.attributes)

    def delete(self, request: Request) -> None:
        with ignoring(_GONE):
            request.aws("glue", "DeleteRegistry", RegistryId={"RegistryArn": request.physical_id})


class Schema(ResourceType):
    type = "AWS::Glue::Schema"
    properties: ClassVar[Properties] = {
        **whole("Compatibility", "DataFormat", "Description", "Name", "SchemaDefinition", "Tags"),
        "CheckpointVersion": whole("IsLatest", "VersionNumber"),
        "Registry": whole("Arn", "Name"),
    }
    attributes = frozenset({"Arn", "InitialSchemaVersionId"})
    # The definition is that of the first version. Later versions are AWS::Glue::SchemaVersion.
    replaced_by = frozenset({"DataFormat", "Name", "Registry", "SchemaDefinition"})
    name_property = "Name"
    name_limit = 255
    coverage = "partial"
    note = "Avro only; the first version's definition cannot change under the same name"
    how = "mirror.glue"

    def create(self, request: Request) -> Outcome:
        params = request.pick("Compatibility", "DataFormat", "Description", "SchemaDefinition")
        params |= _tags(request.properties)
        registry = request.properties.get("Registry")
        if registry:
            params["RegistryId"] = {f"Registry{name}": value for name, value in registry.items()}
        made = request.aws("glue", "CreateSchema", SchemaName=request.name, **params)
        arn = made["SchemaArn"]
        request.created(arn)
        if "CheckpointVersion" in request.properties:
            self._settle(request, arn)
        return Outcome(arn, {"Arn": arn, "InitialSchemaVersionId": made.get("SchemaVersionId", "")})

    def update(self, request: Request) -> Outcome:
        arn = request.physical_id
        if request.changed("CheckpointVersion", "Compatibility", "Description"):
            self._settle(request, arn)
        _retag(request, arn)
        return Outcome(arn, request.attributes)

    def delete(self, request: Request) -> None:
        with ignoring(_GONE):
            request.aws("glue", "DeleteSchema", SchemaId={"SchemaArn": request.physical_id})

    def _settle(self, request: Request, arn: str) -> None:
        """Compatibility, checkpoint and description, which are one call."""
        identity: Document = {"SchemaId": {"SchemaArn": arn}}
        checkpoint = request.properties.get("CheckpointVersion")
        if checkpoint is None:
            held = request.aws("glue", "GetSchema", **identity)["SchemaCheckpoint"]
            number: Document = {"VersionNumber": held}
        elif boolean(checkpoint.get("IsLatest", False)):
            number = {"LatestVersion": True}
        else:
            number = {"VersionNumber": int(checkpoint["VersionNumber"])}
        text = request.properties.get("Description", "")
        params = request.pick("Compatibility") | {"Description": text, "SchemaVersionNumber": number}
        request.aws("glue", "UpdateSchema", **identity, **params)


class SchemaVersion(Immutable):
    type = "AWS::Glue::SchemaVersion"
    properties: ClassVar[Properties] = {
        **whole("SchemaDefinition"),
        "Schema": whole("RegistryName", "SchemaArn", "SchemaName"),
    }
    attributes = frozenset({"VersionId"})
    how = "mirror.glue"

    def create(self, request: Request) -> Outcome:
        schema, definition = request.properties["Schema"], request.properties["SchemaDefinition"]
        made = request.aws("glue", "RegisterSchemaVersion", SchemaId=schema, SchemaDefinition=definition)
        version_id = made["SchemaVersionId"]
        request.created(version_id)
        if made["Status"] != "AVAILABLE":
            why = "; ".join(versions.by_id(request.ctx, version_id)["Refusals"])
            raise ServiceError("NotStabilized", f"schema version {version_id} is {made['Status']}: {why}")
        return Outcome(version_id, {"VersionId": version_id})

    def delete(self, request: Request) -> None:
        with ignoring(_GONE):
            found = request.aws("glue", "GetSchemaVersion", SchemaVersionId=request.physical_id)
            request.aws(
                "glue",
                "DeleteSchemaVersions",
                SchemaId={"SchemaArn": found["SchemaArn"]},
                Versions=str(found["VersionNumber"]),
            )


def _tags(properties: Document) -> dict[str, Any]:
    return {"Tags": tags(properties)} if properties.get("Tags") else {}


def _retag(request: Request, arn: str) -> None:
    added, removed = tag_changes(request)
    if added:
        request.aws("glue", "TagResource", ResourceArn=arn, TagsToAdd=added)
    if removed:
        request.aws("glue", "UntagResource", ResourceArn=arn, TagsToRemove=removed)
