"""Whether records written with one Avro schema can be read with another: Avro's schema resolution.

Rules: https://avro.apache.org/docs/1.12.0/specification/#schema-resolution. They are checked for every
record the writer could have written, so each branch of its unions counts. Beyond Avro, a changed
logical type is refused: the bytes could be read, but as something else.
"""

from __future__ import annotations

from typing import Any

from fastavro.schema import SchemaParseException, UnknownType, parse_schema

Schema = Any

NOT_A_SCHEMA: tuple[type[Exception], ...] = (
    SchemaParseException,
    UnknownType,
    AttributeError,
    KeyError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What fastavro raises for a document that is not a schema, depending on what is wrong with it."""

_PROMOTIONS = {
    "int": {"long", "float", "double"},
    "long": {"float", "double"},
    "float": {"double"},
    "string": {"bytes"},
    "bytes": {"string"},
}
_LOGICAL = ("logicalType", "precision", "scale")


def problems(writer: Schema, reader: Schema) -> list[str]:
    """Why `reader` cannot read what `writer` wrote; empty when it can.

    Args:
        writer, reader: schemas as JSON documents.

    Returns:
        One line per problem, each naming the field (dotted) and what to do.

    Raises:
        One of NOT_A_SCHEMA: one of them is no Avro schema.
    """
    writers: dict[str, Schema] = {}
    readers: dict[str, Schema] = {}
    # Parsing puts full names everywhere and finds the types that are referred to by name.
    old, new = parse_schema(writer, writers), parse_schema(reader, readers)
    return _Comparison(writers, readers).compare(old, new, _name(new) or "schema")


class _Comparison:
    """Compares two schemas; knows the named types of both."""

    def __init__(self, writers: dict[str, Schema], readers: dict[str, Schema]) -> None:
        self._writers, self._readers = writers, readers
        self._under_way: set[tuple[str, str]] = set()

    def compare(self, writer: Schema, reader: Schema, where: str) -> list[str]:
        writer, reader = _resolved(writer, self._writers), _resolved(reader, self._readers)
        if isinstance(writer, list):
            return [line for branch in writer for line in self.compare(branch, reader, where)]
        if isinstance(reader, list):
            return self._some_branch(writer, reader, where)
        kinds = (_kind(writer), _kind(reader))
        if kinds[0] != kinds[1]:
            if kinds[1] in _PROMOTIONS.get(kinds[0], ()) and not _logical(writer) and not _logical(reader):
                return []
            return [_changed(where, writer, reader)]
        match kinds[0]:
            case "record":
                return self._records(writer, reader, where)
            case "enum":
                return _renamed(writer, reader, where) or _enums(writer, reader, where)
            case "fixed" if writer["size"] != reader["size"]:
                return [_changed(where, writer, reader)]
            case "fixed" if renamed := _renamed(writer, reader, where):
                return renamed
            case "array":
                return self.compare(writer["items"], reader["items"], f"{where}[]")
            case "map":
                return self.compare(writer["values"], reader["values"], f"{where}{{}}")
        return [] if _logical(writer) == _logical(reader) else [_changed(where, writer, reader)]

    def _some_branch(self, writer: Schema, reader: list[Schema], where: str) -> list[str]:
        """The reader takes the first branch that fits; without one, say what is wrong with the likeliest."""
        found = [self.compare(writer, branch, where) for branch in reader]
        if not all(found):
            return []
        alike = [
            lines
            for lines, branch in zip(found, reader, strict=True)
            if _kind(_resolved(branch, self._readers)) == _kind(writer)
        ]
        return alike[0] if alike else [_changed(where, writer, reader)]

    def _records(self, writer: Schema, reader: Schema, where: str) -> list[str]:
        names = (writer["name"], reader["name"])
        if names in self._under_way:  # a type that contains itself
            return []
        lines = _renamed(writer, reader, where)
        if lines:
            return lines
        self._under_way.add(names)
        written = {field["name"]: field for field in writer["fields"]}
        for field in reader["fields"]:
            path = f"{where}.{field['name']}"
            known = (field["name"], *field.get("aliases", ()))
            old = next((written[name] for name in known if name in written), None)
            if old is not None:
                lines += self.compare(old["type"], field["type"], path)
            elif "default" not in field:
                lines.append(
                    f"{path}: is new and has no default, so older records lack it: give it a default, "
                    'best as an optional field: ["null", ...] with default null'
                )
        self._under_way.discard(names)
        return lines


def _enums(writer: Schema, reader: Schema, where: str) -> list[str]:
    gone = [symbol for symbol in writer["symbols"] if symbol not in reader["symbols"]]
    if not gone or "default" in reader:
        return []
    return [f"{where}: no longer has {', '.join(gone)}, which older records hold: keep every symbol"]


def _renamed(writer: Schema, reader: Schema, where: str) -> list[str]:
    """Named types match by their names without namespace, or by an alias of the reader."""
    old = _short(writer["name"])
    if old in {_short(name) for name in (reader["name"], *reader.get("aliases", ()))}:
        return []
    return [
        f"{where}: the {writer['type']} {old} is now called {reader['name']}: keep the name, or put "
        f'"{old}" into its aliases'
    ]


def _changed(where: str, writer: Schema, reader: Schema) -> str:
    if writer == "null":
        return f"{where}: may be null in older records, and is now {_said(reader)}: keep null among its types"
    return (
        f"{where}: was {_said(writer)} and is now {_said(reader)}, which cannot read it: keep the type, and "
        "put the new one into a new field with a default"
    )


def _said(schema: Schema) -> str:
    if isinstance(schema, list):
        return f"[{', '.join(_said(branch) for branch in schema)}]"
    if isinstance(schema, str):
        return schema
    if schema["type"] in ("record", "enum", "fixed"):
        size = f" of {schema['size']} bytes" if schema["type"] == "fixed" else ""
        return f"{schema['type']} {schema['name']}{size}"
    logical = " ".join(f"{value}" for value in _logical(schema) if value is not None)
    return f"{_kind(schema)} ({logical})" if logical else _kind(schema)


def _kind(schema: Schema) -> str:
    """``record``, ``string``, ...; ``union`` for a list."""
    if isinstance(schema, list):
        return "union"
    return schema if isinstance(schema, str) else str(schema["type"])


def _logical(schema: Schema) -> tuple[object, ...]:
    """What the bytes mean: logical type, precision, scale; empty for a plain type."""
    if not isinstance(schema, dict) or "logicalType" not in schema:
        return ()
    scale = schema.get("scale", 0) if schema["logicalType"] == "decimal" else None
    return (schema["logicalType"], schema.get("precision"), scale)


def _resolved(schema: Schema, named: dict[str, Schema]) -> Schema:
    """The type itself where it is referred to by name, or wrapped as in ``{"type": {...}}``."""
    if isinstance(schema, dict) and isinstance(schema["type"], (dict, list)):
        return _resolved(schema["type"], named)
    if isinstance(schema, dict) and schema["type"] in named:
        return named[schema["type"]]
    return named.get(schema, schema) if isinstance(schema, str) else schema


def _short(name: str) -> str:
    return name.rpartition(".")[2]


def _name(schema: Schema) -> str:
    return _short(schema["name"]) if isinstance(schema, dict) and "name" in schema else ""
