"""The committed schemas are those of the declarations, and every version of them stays readable."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest
from fastavro.schema import parse_schema

from feature_groups import FEATURE_NAMES
from feature_groups.names import DEAD_LETTERS, STREAMS
from processing.schemas import SCHEMAS, current, evolution, history, schema_of
from processing.schemas import __main__ as command
from processing.schemas.declared import declared
from processing.schemas.evolution import refusals, same_fields


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_file_is_what_the_declarations_say(name: str) -> None:
    assert current(name) == declared(name), "run `python -m processing.schemas`"


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_newest_version_is_released_and_reads_all_before_it(name: str) -> None:
    versions = history(name)
    assert same_fields(versions[-1], current(name)), "run `python -m processing.schemas`"
    assert refusals(name, current(name), versions) == []
    parsed: Any = parse_schema(current(name))
    assert parsed["name"].startswith("fraudline.")


def test_every_stream_has_a_schema() -> None:
    assert {schema_of(stream) for stream in (*STREAMS, *DEAD_LETTERS)} == set(SCHEMAS)
    assert schema_of("transactions-late") == "dead-letters"
    with pytest.raises(ValueError, match="schema 'x': expected one of transactions-raw, "):
        current("x")


def test_the_enriched_schema_has_a_field_for_every_feature() -> None:
    (features,) = (f["type"] for f in current("transactions-enriched")["fields"] if f["name"] == "features")
    assert [field["name"] for field in features["fields"]] == list(FEATURE_NAMES)
    assert all(field["type"][0] == "null" and field["default"] is None for field in features["fields"])


def changed(name: str, field: str, /, **changes: Any) -> dict[str, Any]:
    schema = copy.deepcopy(current(name))
    (found,) = (item for item in schema["fields"] if item["name"] == field)
    found.update(changes)
    return schema


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        (
            changed("transactions-raw", "user_id", type="long"),
            "transactions-raw: cannot read version 1: Transaction.user_id: was string and is now long, which "
            "cannot read it: keep the type, and put the new one into a new field with a default",
        ),
        (
            changed("transactions-raw", "user_id", name="customer_id"),
            "Transaction.customer_id: is new and has no default, so older records lack it: give it a default",
        ),
        (
            changed("transactions-raw", "country", type="string", default=""),
            "Transaction.country: may be null in older records, and is now string: keep null among its types",
        ),
        (
            changed(
                "transactions-raw", "timestamp", type={"type": "long", "logicalType": "timestamp-micros"}
            ),
            "Transaction.timestamp: was long (timestamp-millis) and is now long (timestamp-micros)",
        ),
    ],
)
def test_an_incompatible_change_is_refused_by_field_and_with_the_fix(schema: Any, said: str) -> None:
    (line,) = refusals("transactions-raw", schema, history("transactions-raw"))
    assert re.search(re.escape(said), line), line


def test_compatible_changes_pass() -> None:
    versions = history("transactions-raw")
    more = copy.deepcopy(current("transactions-raw"))
    more["fields"].append({"name": "wallet", "type": ["null", "string"], "default": None})
    assert refusals("transactions-raw", more, versions) == []
    assert not same_fields(more, versions[-1])
    fewer = copy.deepcopy(current("transactions-raw"))
    fewer["fields"] = [field for field in fewer["fields"] if field["name"] != "channel"]
    assert refusals("transactions-raw", fewer, versions) == []
    described = changed("transactions-raw", "user_id", doc="whose card it is")
    assert same_fields(described, versions[-1])


def test_a_change_is_held_against_every_version_not_only_the_last() -> None:
    first = current("transactions-raw")
    second = copy.deepcopy(first)
    second["fields"].append({"name": "wallet", "type": "string", "default": ""})
    third = copy.deepcopy(first)
    third["fields"].append({"name": "wallet", "type": "string"})
    assert refusals("x", third, [second]) == []
    (line,) = refusals("x", third, [first, second])
    assert line.startswith("x: cannot read version 1: Transaction.wallet: is new and has no default")


def test_the_command_changes_nothing_that_is_up_to_date() -> None:
    folder = Path(evolution.__file__).parent
    before = {path: path.read_bytes() for path in folder.rglob("*.avsc")}
    assert command.main() == 0
    assert {path: path.read_bytes() for path in folder.rglob("*.avsc")} == before


def test_the_command_refuses_a_change_and_writes_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = changed("fraud-labels", "is_fraud", type="string")
    monkeypatch.setattr(command, "declared", lambda name: broken if name == "fraud-labels" else current(name))
    before = current("fraud-labels")
    assert command.main() == 1
    assert "fraud-labels: cannot read version 1: Label.is_fraud: was boolean" in capsys.readouterr().err
    assert current("fraud-labels") == before
