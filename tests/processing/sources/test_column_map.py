"""Column maps: valid ones are read, every mistake is named with its fix."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from processing.sources.column_map import ColumnMap, ColumnMapError

MAPS = Path(__file__).parents[3] / "docs" / "column-maps"
COLUMNS = {
    "transaction_id": "ID",
    "timestamp": "TIME",
    "user_id": "CARD",
    "merchant_id": "SHOP",
    "amount": "AMOUNT",
}
VALID: dict[str, Any] = {
    "columns": COLUMNS,
    "defaults": {"currency": "EUR"},
    "labels": {"is_fraud": "FRAUD", "delay_days": 7},
}


def test_a_valid_map() -> None:
    parsed = ColumnMap.parse(VALID)
    assert parsed.columns["user_id"] == "CARD"
    assert parsed.labels is not None
    assert parsed.labels.delay_days == 7
    assert parsed.labels.investigated == "frauds"


def test_labels_are_optional() -> None:
    assert ColumnMap.parse({k: v for k, v in VALID.items() if k != "labels"}).labels is None


@pytest.mark.parametrize("path", list(MAPS.glob("*.toml")), ids=lambda path: path.name)
def test_the_maps_in_the_documentation_are_valid(path: Path) -> None:
    assert ColumnMap.load(path).columns


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"colums": {}}, "section colums: unknown; did you mean columns?"),
        ({"labels": 3}, "labels: make it a section"),
        ({"columns": {**COLUMNS, "chanel": "C"}}, "chanel: unknown; did you mean channel?"),
        ({"columns": {"amount": "AMOUNT"}}, "transaction_id: required; add transaction_id ="),
        ({"columns": {**COLUMNS, "amount": 3}}, r"amount = 3: use a text"),
        ({"defaults": {}}, "currency: required when no column has it"),
        ({"columns": {**COLUMNS, "currency": "CUR"}}, "currency: also in .columns.; remove one"),
        ({"labels": {"delay_days": 7}}, "is_fraud: required"),
        ({"labels": {"is_fraud": "F"}}, "exactly one of delay_days .* and known_at"),
        ({"labels": {"is_fraud": "F", "delay_days": -1}}, "delay_days = -1: use a number of days"),
        ({"labels": {"is_fraud": "F", "delay_days": 7, "investigated": "x"}}, "use one of frauds, all"),
        ({"criteria": {"minimum_auc": 90}}, "minimum_auc = 90: use a number from 0 to 1"),
    ],
)
def test_a_mistake_is_named_with_its_fix(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ColumnMapError, match=message):
        ColumnMap.parse({**VALID, **change})


def test_a_file_that_is_not_toml_is_named(tmp_path: Path) -> None:
    path = tmp_path / "map.toml"
    path.write_text("[columns\n")
    with pytest.raises(ColumnMapError, match=r"map\.toml: not valid TOML"):
        ColumnMap.load(path)
