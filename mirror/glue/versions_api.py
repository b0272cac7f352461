"""Register, Get, List, Delete and check of schema versions."""

from __future__ import annotations

from mirror import listing
from mirror.api import Context, Document, ServiceError, operation
from mirror.glue import store, versions
from mirror.glue.evolution import fault

_BRIEF = ("SchemaArn", "SchemaVersionId", "VersionNumber", "Status", "CreatedTime")
_MOST_DELETED = 25


@operation("glue", "RegisterSchemaVersion")
def register_schema_version(ctx: Context, params: Document) -> Document:
    with store.lock:
        schema = store.get_schema(ctx, params["SchemaId"])
        wrong = fault(schema["DataFormat"], params["SchemaDefinition"])
        if wrong:
            raise ServiceError("InvalidInputException", wrong)
        version = versions.register(ctx, schema, params["SchemaDefinition"])
    return {name: version[name] for name in ("SchemaVersionId", "VersionNumber", "Status")}


@operation("glue", "GetSchemaVersion")
def get_schema_version(ctx: Context, params: Document) -> Document:
    if "SchemaVersionId" in params:
        version = versions.by_id(ctx, params["SchemaVersionId"])
    else:
        schema = store.get_schema(ctx, params.get("SchemaId", {}))
        version = versions.numbered(ctx, schema, params.get("SchemaVersionNumber", {}))
    return {name: version[name] for name in (*_BRIEF, "SchemaDefinition", "DataFormat")}


@operation("glue", "GetSchemaByDefinition")
def get_schema_by_definition(ctx: Context, params: Document) -> Document:
    schema = store.get_schema(ctx, params["SchemaId"])
    wrong = fault(schema["DataFormat"], params["SchemaDefinition"])
    if wrong:
        raise ServiceError("InvalidInputException", wrong)
    version = versions.by_definition(store.versions_of(ctx, schema), params["SchemaDefinition"])
    if version is None:
        raise ServiceError(
            "EntityNotFoundException",
            f"Schema is not found. RegistryName: {schema['RegistryName']}, "
            f"SchemaName: {schema['SchemaName']}, SchemaArn: {schema['SchemaArn']}",
        )
    return {name: version[name] for name in _BRIEF if name != "VersionNumber"} | {
        "DataFormat": schema["DataFormat"]
    }


@operation("glue", "ListSchemaVersions")
def list_schema_versions(ctx: Context, params: Document) -> Document:
    found = store.versions_of(ctx, store.get_schema(ctx, params["SchemaId"]))
    brief = [{name: version[name] for name in _BRIEF} for version in found]
    return listing.page(brief, params, "Schemas")


@operation("glue", "CheckSchemaVersionValidity", coverage="partial", note="Avro only")
def check_schema_version_validity(_ctx: Context, params: Document) -> Document:
    wrong = fault(params["DataFormat"], params["SchemaDefinition"])
    return {"Valid": False, "Error": wrong} if wrong else {"Valid": True}


@operation("glue", "DeleteSchemaVersions")
def delete_schema_versions(ctx: Context, params: Document) -> Document:
    errors = []
    with store.lock:
        schema = store.get_schema(ctx, params["SchemaId"])
        numbers = _range(params["Versions"])
        known = {version["VersionNumber"]: version for version in store.versions_of(ctx, schema)}
        for number in numbers:
            code, message = _kept(schema, number, known)
            if code:
                details = {"ErrorCode": code, "ErrorMessage": message}
                errors.append({"VersionNumber": number, "ErrorDetails": details})
            else:
                store.drop_version(ctx, schema, known.pop(number))
        usable = [number for number, version in known.items() if version["Status"] == "AVAILABLE"]
        store.put_schema(ctx, schema, LatestSchemaVersion=max(usable, default=0))
    return {"SchemaVersionErrors": errors}


def _kept(schema: Document, number: int, known: dict[int, Document]) -> tuple[str, str]:
    """The code and message of why a version cannot be deleted; empty when it can."""
    if number not in known:
        return "EntityNotFoundException", f"Schema version is not found. VersionNumber: {number}"
    if number == schema["SchemaCheckpoint"]:
        message = f"Version {number} is the checkpoint: move it with UpdateSchema, or delete the schema"
        return "InvalidInputException", message
    return "", ""


def _range(text: str) -> range:
    """``5`` or ``5-8``, both ends included.

    Raises:
        ServiceError: ``InvalidInputException``: not a range, or of more than 25 versions.
    """
    first, _, last = text.partition("-")
    if not first.isdigit() or (last and not last.isdigit()):
        raise ServiceError(
            "InvalidInputException", f"Versions: {text!r} is no range; give one such as 5 or 5-8"
        )
    found = range(int(first), int(last or first) + 1)
    if not 0 < len(found) <= _MOST_DELETED:
        raise ServiceError("InvalidInputException", f"Versions: 1 to {_MOST_DELETED} at a time, not {text}")
    return found
