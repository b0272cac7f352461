"""Create, Get, List, Update and Delete of schema registries."""

from __future__ import annotations

from mirror import listing
from mirror.api import Context, Document, ServiceError, operation
from mirror.glue import store

_IDENTITY = ("RegistryName", "RegistryArn")


@operation("glue", "CreateRegistry")
def create_registry(ctx: Context, params: Document) -> Document:
    name = params["RegistryName"]
    arn = ctx.arn("glue", f"registry/{name}")
    with store.lock:
        if store.registries(ctx).get(ctx.region, name) is not None:
            raise ServiceError(
                "AlreadyExistsException", f"Registry already exists. RegistryName: {name}, RegistryArn: {arn}"
            )
        document = {
            "RegistryName": name,
            "RegistryArn": arn,
            "Description": params.get("Description", ""),
            "Status": "AVAILABLE",
            "CreatedTime": store.now(),
            "UpdatedTime": store.now(),
        }
        store.registries(ctx).put(ctx.region, name, document)
    store.tag(ctx, arn, params.get("Tags"))
    answer = {"RegistryArn": arn, "RegistryName": name, "Tags": params.get("Tags", {})}
    return answer | {"Description": document["Description"]}


@operation("glue", "GetRegistry")
def get_registry(ctx: Context, params: Document) -> Document:
    return store.get_registry(ctx, params["RegistryId"])


@operation("glue", "ListRegistries")
def list_registries(ctx: Context, params: Document) -> Document:
    return listing.page(store.registries(ctx).values(ctx.region), params, "Registries")


@operation("glue", "UpdateRegistry")
def update_registry(ctx: Context, params: Document) -> Document:
    with store.lock:
        registry = store.get_registry(ctx, params["RegistryId"])
        changed = {**registry, "Description": params["Description"], "UpdatedTime": store.now()}
        store.registries(ctx).put(ctx.region, registry["RegistryName"], changed)
    return {name: registry[name] for name in _IDENTITY}


@operation("glue", "DeleteRegistry")
def delete_registry(ctx: Context, params: Document) -> Document:
    with store.lock:
        registry = store.get_registry(ctx, params["RegistryId"])
        # As on AWS: what is inside goes with it.
        for schema in store.schemas(ctx).values(ctx.region, f"{registry['RegistryName']}/"):
            store.drop_schema(ctx, schema)
        store.registries(ctx).delete(ctx.region, registry["RegistryName"])
    return {name: registry[name] for name in _IDENTITY} | {"Status": "DELETING"}
