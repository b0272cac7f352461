"""The runtime operations for in-process callers; HTTP requests take `mirror.feature_store.http`."""

from __future__ import annotations

import msgspec

from mirror.api import Context, Document, Handler, operation
from mirror.feature_store import runtime
from mirror.feature_store.http import SERVICE, TYPES, methods
from mirror.feature_store.records import invalid

_NOTES = {
    "BatchWriteRecord": "accepted for every online store type; the service may limit it to "
    "Standard_V2 and InMemory",
}


def _handler(name: str) -> Handler:
    def handle(ctx: Context, params: Document) -> Document:
        try:
            request = msgspec.convert(params, TYPES[name])
        except msgspec.ValidationError as error:
            raise invalid(f"{name}: {error}") from None
        response = methods(runtime.of(ctx.cloud))[name](ctx.region, request)
        document: Document = msgspec.json.decode(msgspec.json.encode(response))
        return document

    return handle


for _name in TYPES:
    operation(SERVICE, _name, note=_NOTES.get(_name, ""), inline=True)(_handler(_name))
