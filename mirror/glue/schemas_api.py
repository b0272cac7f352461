"""Create, Get, List, Update and Delete of schemas."""

from __future__ import annotations

from mirror import listing
from mirror.api import Context, Document, ServiceError, operation
from mirror.glue import store, versions
from mirror.glue.evolution import fault

_SUMMARY = (
    "RegistryName",
    "SchemaName",
    "SchemaArn",
    "Description",
    "SchemaStatus",
    "CreatedTime",
    "UpdatedTime",
)
_IDENTITY = ("SchemaArn", "SchemaName", "RegistryName")


@operation("glue", "CreateSchema", coverage="partial", note="Avro only")
def create_schema(ctx: Context, params: Document) -> Document:
    name, definition = params["SchemaName"], params.get("SchemaDefinition")
    if definition is not None:
        wrong = fault(params["DataFormat"], definition)
        if wrong:
            raise ServiceError("InvalidInputException", wrong)
    with store.lock:
        registry = store.get_registry(ctx, params.get("RegistryId"))
        key = f"{registry['RegistryName']}/{name}"
        arn = ctx.arn("glue", f"schema/{key}")
        if store.schemas(ctx).get(ctx.region, key) is not None:
            raise ServiceError(
                "AlreadyExistsException", f"Schema already exists. SchemaName: {name}, SchemaArn: {arn}"
            )
        schema = {
            "RegistryName": registry["RegistryName"],
            "RegistryArn": registry["RegistryArn"],
            "SchemaName": name,
            "SchemaArn": arn,
            "Description": params.get("Description", ""),
            "DataFormat": params["DataFormat"],
            "Compatibility": params.get("Compatibility", "BACKWARD"),
            "SchemaCheckpoint": 1,
            "LatestSchemaVersion": 0,
            "NextSchemaVersion": 1,
            "SchemaStatus": "AVAILABLE",
            "CreatedTime": store.now(),
        }
        schema = store.put_schema(ctx, schema)
        first: Document = {}
        if definition is not None:
            version = versions.register(ctx, schema, definition)
            first = {"SchemaVersionId": version["SchemaVersionId"], "SchemaVersionStatus": version["Status"]}
            schema = store.get_schema(ctx, {"SchemaArn": arn})
    store.tag(ctx, arn, params.get("Tags"))
    kept = {name: value for name, value in schema.items() if not name.endswith("Time")}
    return kept | first | {"Tags": params.get("Tags", {})}


@operation("glue", "GetSchema")
def get_schema(ctx: Context, params: Document) -> Document:
    return store.get_schema(ctx, params["SchemaId"])


@operation("glue", "ListSchemas")
def list_schemas(ctx: Context, params: Document) -> Document:
    prefix = ""
    if "RegistryId" in params:
        prefix = f"{store.get_registry(ctx, params['RegistryId'])['RegistryName']}/"
    found = store.schemas(ctx).values(ctx.region, prefix)
    brief = [{field: schema[field] for field in _SUMMARY} for schema in found]
    return listing.page(brief, params, "Schemas")


@operation("glue", "UpdateSchema")
def update_schema(ctx: Context, params: Document) -> Document:
    changes: Document = {name: params[name] for name in ("Compatibility", "Description") if name in params}
    with store.lock:
        schema = store.get_schema(ctx, params["SchemaId"])
        if "SchemaVersionNumber" in params:
            version = versions.numbered(ctx, schema, params["SchemaVersionNumber"])
            changes["SchemaCheckpoint"] = version["VersionNumber"]
        elif "Compatibility" in params:
            raise ServiceError(
                "InvalidInputException",
                "SchemaVersionNumber: Compatibility is changed together with a checkpoint; name a version",
            )
        store.put_schema(ctx, schema, **changes)
    return {name: schema[name] for name in _IDENTITY}


@operation("glue", "DeleteSchema")
def delete_schema(ctx: Context, params: Document) -> Document:
    with store.lock:
        schema = store.get_schema(ctx, params["SchemaId"])
        store.drop_schema(ctx, schema)
    return {"SchemaArn": schema["SchemaArn"], "SchemaName": schema["SchemaName"], "Status": "DELETING"}
