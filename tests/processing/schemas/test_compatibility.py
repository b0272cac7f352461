"""The checker agrees with Avro's rules, and with what fastavro can read."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from fastavro import schemaless_reader, schemaless_writer
from fastavro.schema import parse_schema
from hypothesis import given, settings
from hypothesis import strategies as st

from processing.schemas.compatibility import problems

PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
PROMOTED = {
    "int": {"long", "float", "double"},
    "long": {"float", "double"},
    "float": {"double"},
    "string": {"bytes"},
    "bytes": {"string"},
}
Schema = Any


@pytest.mark.parametrize("writer", PRIMITIVES)
@pytest.mark.parametrize("reader", PRIMITIVES)
def test_primitives_are_read_as_themselves_or_promoted(writer: str, reader: str) -> None:
    assert (problems(writer, reader) == []) == (writer == reader or reader in PROMOTED.get(writer, ()))


def record(*fields: dict[str, Schema], name: str = "R", **more: Schema) -> Schema:
    return {"type": "record", "name": name, "fields": list(fields), **more}


def enum(*symbols: str, **more: Schema) -> Schema:
    return {"type": "enum", "name": "E", "symbols": list(symbols), **more}


A = {"name": "a", "type": "int"}
LOOP = record(A, {"name": "next", "type": ["null", "R"], "default": None})


@pytest.mark.parametrize(
    ("writer", "reader", "said"),
    [
        (record(A), record(A, {"name": "b", "type": "int", "default": 0}), None),
        (record(A), record(), None),
        (record(A), record({"name": "b", "type": "int"}), "R.b: is new and has no default"),
        (record(A), record({"name": "b", "type": "int", "aliases": ["a"]}), None),
        (record(A), record(A, name="S"), "S: the record R is now called S"),
        (record(A), record(A, name="S", aliases=["R"]), None),
        (record(A), record(A, namespace="other"), None),
        (record(A), "int", "schema: was record R and is now int"),
        (enum("X", "Y"), enum("X"), "E: no longer has Y"),
        (enum("X"), enum("X", "Y"), None),
        (enum("X", "Y"), enum("X", default="X"), None),
        (["null", "int"], "int", "schema: may be null in older records, and is now int"),
        ("int", ["null", "int"], None),
        ("int", ["null", "double"], None),
        ("string", ["null", "int"], "schema: was string and is now [null, int]"),
        (["null", "int"], ["null", "int", "string"], None),
        (["null", "int", "string"], ["null", "int"], "schema: was string and is now [null, int]"),
        ({"type": "array", "items": "int"}, {"type": "array", "items": "long"}, None),
        ({"type": "array", "items": "long"}, {"type": "array", "items": "int"}, "schema[]: was long"),
        ({"type": "map", "values": "int"}, {"type": "map", "values": "string"}, "schema{}: was int"),
        (
            {"type": "fixed", "name": "F", "size": 4},
            {"type": "fixed", "name": "F", "size": 5},
            "is now fixed F of 5 bytes",
        ),
        (LOOP, LOOP, None),
        (LOOP, record({"name": "a", "type": "string"}, LOOP["fields"][1]), "R.a: was int and is now string"),
    ],
)
def test_rules(writer: Schema, reader: Schema, said: str | None) -> None:
    found = problems(writer, reader)
    if said is None:
        assert found == []
    else:
        assert any(said in line for line in found), found


DECIMAL = {"type": "bytes", "logicalType": "decimal", "precision": 13, "scale": 3}


@pytest.mark.parametrize("reader", ["bytes", "string", {**DECIMAL, "scale": 2}, {**DECIMAL, "precision": 20}])
def test_bytes_that_would_mean_something_else_are_refused(reader: Schema) -> None:
    (line,) = problems(DECIMAL, reader)
    assert "was bytes (decimal 13 3)" in line
    assert problems(DECIMAL, DECIMAL) == []


# Any pair of schemas: fields a, b and c of generated types, with and without defaults.
_types = st.recursive(
    st.sampled_from(PRIMITIVES),
    lambda inner: st.one_of(
        inner.map(lambda items: {"type": "array", "items": items}),
        inner.map(lambda values: {"type": "map", "values": values}),
        st.sampled_from(PRIMITIVES[1:]).map(lambda kind: ["null", kind]),
    ),
    max_leaves=3,
)
_DATA: dict[str, list[Any]] = {
    "null": [None],
    "boolean": [True],
    "int": [7],
    "long": [1 << 40],
    "float": [0.5],
    "double": [0.1],
    "bytes": [b"x"],
    "string": ["x"],
}


def data(schema: Schema) -> list[Any]:
    """Data that together use every branch of a schema."""
    if isinstance(schema, list):
        return [datum for branch in schema for datum in data(branch)]
    if isinstance(schema, str):
        return _DATA[schema]
    inner = data(schema.get("items", schema.get("values")))
    return [inner] if schema["type"] == "array" else [{str(n): datum for n, datum in enumerate(inner)}]


@st.composite
def _fields(draw: st.DrawFn) -> list[dict[str, Schema]]:
    fields = []
    for name in draw(st.lists(st.sampled_from("abc"), unique=True)):
        kind = draw(_types)
        field = {"name": name, "type": kind}
        if isinstance(kind, list) and draw(st.booleans()):
            field["default"] = None
        fields.append(field)
    return fields


@settings(max_examples=400, deadline=None)
@given(_fields(), _fields())
def test_what_the_checker_says_is_what_fastavro_can_read(
    written: list[dict[str, Schema]], wanted: list[dict[str, Schema]]
) -> None:
    writer, reader = record(*written), record(*wanted)
    parsed = parse_schema(writer), parse_schema(reader)
    longest = max((len(data(field["type"])) for field in written), default=1)
    readable = True
    for index in range(longest):
        choice = {field["name"]: data(field["type"]) for field in written}
        datum = {name: options[index % len(options)] for name, options in choice.items()}
        stream = BytesIO()
        schemaless_writer(stream, parsed[0], datum)
        stream.seek(0)
        try:
            schemaless_reader(stream, *parsed)
        except Exception:
            readable = False
    assert (problems(writer, reader) == []) == readable
