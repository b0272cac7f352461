"""`fraudline backtest` on the project's own transactions, and on a file with other columns."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from pipelines.commands.backtest import backtest
from processing.generator import Scenario, generate
from processing.sources.dataset import Dataset

pytestmark = pytest.mark.slow

_MAP = """
[columns]
transaction_id = "trans_num"
timestamp = "unix_time"
user_id = "cc_num"
merchant_id = "merchant"
amount = "amt"
lat = "merch_lat"
lon = "merch_long"
home_lat = "lat"
home_lon = "long"
[defaults]
currency = "USD"
[labels]
is_fraud = "is_fraud"
delay_days = 2
"""


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return generate(Scenario(events=60_000, days=70, seed=11, fraud_rate=0.01))


def _run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(backtest, arguments)
    return result.exit_code, result.stdout, result.stderr


def test_the_products_own_frauds_are_found(dataset: Dataset, tmp_path: Path) -> None:
    dataset.write(tmp_path / "data")
    code, out, err = _run(
        "--source",
        str(tmp_path / "data"),
        "--folds",
        "2",
        "--threads",
        "1",
        "--out",
        str(tmp_path / "out"),
        "--json",
    )
    assert code == 0, err
    found = json.loads(out)
    assert found["mean"]["auc"] >= 0.95
    assert len(found["folds"]) == 2
    assert json.loads((tmp_path / "out" / "backtest.json").read_text()) == found
    page = (tmp_path / "out" / "backtest.html").read_text()
    assert not re.search(r"""(src|href)=["'](?!data:)""", page)
    for name in ("folds.png", "curves.png"):
        assert (tmp_path / "out" / name).read_bytes().startswith(b"\x89PNG")


def test_a_file_with_other_columns_needs_only_a_map(dataset: Dataset, tmp_path: Path) -> None:
    source, columns = tmp_path / "file.parquet", tmp_path / "map.toml"
    pq.write_table(_foreign(dataset), source)
    columns.write_text(_MAP)
    arguments = ["--source", str(source), "--columns", str(columns), "--folds", "2", "--test-days", "5"]
    code, out, err = _run(*arguments, "--json", "--threads", "1")
    assert code == 0, err
    found = json.loads(out)
    assert found["mean"]["auc"] > 0.85
    first, second = found["folds"]
    assert first["test_end"] == second["test_start"]
    assert first["train_end"] < first["test_start"]
    again = json.loads(_run(*arguments, "--json", "--threads", "1")[1])
    for document in (found, again):
        del document["features_seconds"]
        for fold in document["folds"]:
            del fold["train_seconds"]
    assert again == found

    code, out, _ = _run(*arguments, "--folds", "1")
    assert code == 0
    assert "mean" in out


def _foreign(dataset: Dataset) -> pa.Table:
    """The transactions under other names, with a category, homes in every row, no country and no device."""
    rows = dataset.transactions
    assert dataset.users is not None
    assert dataset.truth is not None
    home = pc.index_in(rows["user_id"].combine_chunks(), dataset.users["user_id"].combine_chunks())
    cards = pc.index_in(rows["user_id"].combine_chunks(), pc.unique(rows["user_id"]))
    columns: dict[str, Any] = {
        "trans_num": rows["transaction_id"],
        "unix_time": pc.divide(rows["timestamp"].cast(pa.int64()), 1000),
        "cc_num": pc.add(cards.cast(pa.int64()), 4_000_000_000_000_000),
        "merchant": rows["merchant_id"],
        "category": pa.repeat("grocery_pos", rows.num_rows),
        "amt": rows["amount"],
        "merch_lat": rows["lat"],
        "merch_long": rows["lon"],
        "lat": dataset.users["home_lat"].take(home),
        "long": dataset.users["home_lon"].take(home),
        "is_fraud": dataset.truth["is_fraud"].cast(pa.int8()),
    }
    return pa.table(columns)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ('[labels]\nis_fraud = "is_fraud"\ndelay_days = 2\n', "has no section [labels]"),
        ('merchant_id = "merchant"', "[columns] merchant_id: required"),
        ('amount = "amt"', "[columns] amount: required"),
    ],
)
def test_a_wrong_map_names_what_is_missing(
    dataset: Dataset, tmp_path: Path, change: str, message: str
) -> None:
    source, columns = tmp_path / "file.parquet", tmp_path / "map.toml"
    pq.write_table(_foreign(dataset).slice(0, 1000), source)
    assert change in _MAP
    columns.write_text(_MAP.replace(change, ""))
    code, _, err = _run("--source", str(source), "--columns", str(columns))
    assert (code, message in err) == (1, True), err


def test_too_short_a_file_says_so(dataset: Dataset, tmp_path: Path) -> None:
    source, columns = tmp_path / "file.parquet", tmp_path / "map.toml"
    pq.write_table(_foreign(dataset).slice(0, 20_000), source)
    columns.write_text(_MAP)
    code, _, err = _run("--source", str(source), "--columns", str(columns))
    assert code == 1
    assert "use fewer --folds" in err
