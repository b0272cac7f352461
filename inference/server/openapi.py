"""The API's description (OpenAPI 3.1), generated from the types that decode and encode."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from inference.answers import Answer
from inference.server import formats
from processing.events.transactions import RawTransaction

VERSION = "1.0.0"
_REF = "#/components/schemas/{name}"


class _Problem(msgspec.Struct):
    """What is wrong, and what to do about it."""

    field: Annotated[str | None, Meta(description="Dotted for nested fields; null for the whole request")]
    message: str


class Error(msgspec.Struct):
    """A request that was refused. It read nothing and changed nothing."""

    error: _Problem


@cache
def document() -> bytes:
    """The description as JSON."""
    types = [RawTransaction, Answer, Error]
    (transaction, answer, error), components = msgspec.json.schema_components(types, ref_template=_REF)
    _amounts_are_numbers(components)
    refusals = {
        "400": "Not JSON, or nothing that could be a transaction",
        "408": "The body did not arrive in time",
        "413": "Too large",
        "415": "Another content type",
        "422": "A field is missing, of the wrong type or out of range",
        "503": "Overloaded, or decisions cannot be recorded; Retry-After says when to try again",
    }
    responses: dict[str, Any] = {
        status: {"description": text, "content": {formats.JSON: {"schema": error}}}
        for status, text in refusals.items()
    }
    responses["200"] = {
        "description": "A decision, or one for each transaction of a batch",
        "content": {
            formats.JSON: {
                "schema": {"anyOf": [answer, {"type": "array", "items": {"anyOf": [answer, error]}}]}
            },
            formats.JSON_LINES: {"schema": {"type": "string"}},
            formats.CSV: {"schema": {"type": "string"}},
        },
    }
    invocation = {
        "operationId": "decide",
        "summary": "Decide one transaction, or a batch",
        "requestBody": {
            "required": True,
            "content": {
                formats.JSON: {"schema": {"anyOf": [transaction, {"type": "array", "items": transaction}]}},
                formats.JSON_LINES: {"schema": {"type": "string"}},
                formats.CSV: {"schema": {"type": "string"}},
            },
        },
        "responses": responses,
    }
    ping = {
        "operationId": "ping",
        "summary": "Whether the model is loaded and warm",
        "responses": {"200": {"description": "It is"}},
    }
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {"title": "Fraudline decisions", "version": VERSION},
            "paths": {"/invocations": {"post": invocation}, "/ping": {"get": ping}},
            "components": {"schemas": components},
        }
    )


def _amounts_are_numbers(components: dict[str, Any]) -> None:
    """The amount is decoded from its literal, which the type alone does not tell."""
    for schema in components.values():
        amount = schema.get("properties", {}).get("amount")
        if amount is not None and "type" not in amount and "anyOf" not in amount:
            amount |= {"type": "number", "exclusiveMinimum": 0, "maximum": 1_000_000_000}
            amount.pop("avro", None)
