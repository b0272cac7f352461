"""Avro types of the records that Python declares as msgspec structs."""

from __future__ import annotations

from typing import Any

from msgspec import inspect

AvroType = Any
"""A schema as Avro writes it in JSON: a name, a list for a union, or an object."""

_TIMESTAMP = {"type": "long", "logicalType": "timestamp-millis"}
_PRIMITIVES: dict[type[inspect.Type], AvroType] = {
    inspect.BoolType: "boolean",
    inspect.BytesType: "bytes",
    inspect.DateTimeType: _TIMESTAMP,
    inspect.FloatType: "double",
    inspect.IntType: "long",
    inspect.NoneType: "null",
    inspect.StrType: "string",
    # Values are checked at the border, where a refusal can name the field and the choices. As an
    # Avro enum, one value more would need every reader to be updated first.
    inspect.LiteralType: "string",
}


def record(struct: Any, name: str, doc: str) -> dict[str, AvroType]:
    """The Avro record of a msgspec struct, its fields in the struct's order.

    A field's description is its ``Meta(description=...)``; ``Meta(extra={"avro": ...})`` says the Avro type
    where Python's does not, as for an amount. A field that may be None is optional: null by default.

    Raises:
        TypeError: a field has a type that no Avro type stands for.
    """
    info = inspect.type_info(struct)
    if not isinstance(info, inspect.StructType):
        raise TypeError(f"{struct} is not a struct")
    fields = [_field(field.encode_name, field.type, name) for field in info.fields]
    return {"type": "record", "name": name, "doc": doc, "fields": fields}


def _field(name: str, kind: inspect.Type, owner: str) -> dict[str, AvroType]:
    """A field of a record; one that may be null is null by default."""
    avro, doc = _avro(kind, f"{owner}.{name}")
    found = {"name": name, "type": avro} | ({"doc": doc} if doc else {})
    if isinstance(avro, list) and avro[0] == "null":
        found["default"] = None
    return found


def _avro(kind: inspect.Type, where: str) -> tuple[AvroType, str]:
    """The Avro type and the description of a type."""
    if isinstance(kind, inspect.Metadata):
        avro, doc = _avro(kind.type, where) if "avro" not in (kind.extra or {}) else (None, "")
        described = (kind.extra_json_schema or {}).get("description", doc)
        return (kind.extra or {}).get("avro", avro), described
    if isinstance(kind, inspect.UnionType):
        found = [_avro(member, where) for member in kind.types]
        members = [avro for avro, _ in found if avro != "null"]
        optional = ["null"] if len(members) < len(found) else []
        doc = next((doc for _, doc in found if doc), "")
        return [*optional, *members], doc
    if isinstance(kind, inspect.ListType):
        return {"type": "array", "items": _avro(kind.item_type, where)[0]}, ""
    if isinstance(kind, inspect.DictType):
        return {"type": "map", "values": _avro(kind.value_type, where)[0]}, ""
    if isinstance(kind, inspect.StructType):
        return record(kind.cls, kind.cls.__name__.lstrip("_"), _first_line(kind.cls)), ""
    doc = f"One of {', '.join(map(str, kind.values))}" if isinstance(kind, inspect.LiteralType) else ""
    try:
        return _PRIMITIVES[type(kind)], doc
    except KeyError:
        raise TypeError(
            f"{where}: no Avro type for {type(kind).__name__}; use a type of _PRIMITIVES, a struct, a list "
            'or a dict, or say it with Meta(extra={"avro": ...})'
        ) from None


def _first_line(struct: type) -> str:
    return (struct.__doc__ or "").partition("\n")[0].rstrip(".")
