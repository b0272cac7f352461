"""``fraudline features``: from a source to a Parquet file, and what is said when that cannot be."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from feature_groups import FEATURE_NAMES
from processing.commands.features import features
from processing.generator import Scenario, generate

MAP = """
[columns]
transaction_id = "transaction_id"
user_id = "user_id"
merchant_id = "merchant_id"
amount = "amount"
timestamp = "timestamp"
currency = "currency"
country = "country"
device = "device"
status = "status"
lat = "lat"
lon = "lon"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data")
    generate(Scenario(events=3000, days=40, seed=3)).write(path)
    (path / "map.toml").write_text(MAP)
    return path


def call(*arguments: object, ok: bool = True) -> str:
    result = CliRunner().invoke(features, [str(argument) for argument in arguments])
    assert (result.exit_code == 0) == ok, result.output
    return result.output


def test_a_folder_becomes_ids_and_features_in_event_order(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "features.parquet"
    summary = json.loads(call("--source", folder, "--out", out, "--json"))
    table = pq.read_table(out)
    assert table.column_names == ["transaction_id", *FEATURE_NAMES]
    assert summary["rows"] == table.num_rows == 3000
    assert summary["engine"] == "embedded"
    transactions = pq.read_table(folder / "transactions.parquet")
    assert table["transaction_id"].to_pylist() == transactions["transaction_id"].to_pylist()
    assert table["amount"].to_pylist() == transactions["amount"].to_pylist()
    assert np.isfinite(table["distance_from_home_km"].to_numpy()).any()


def test_a_file_through_its_map_has_the_same_window_features(folder: Path, tmp_path: Path) -> None:
    file, out, expected = folder / "transactions.parquet", tmp_path / "a.parquet", tmp_path / "b.parquet"
    text = call(
        "--source",
        file,
        "--columns",
        folder / "map.toml",
        "--labels",
        folder / "labels.parquet",
        "--out",
        out,
    )
    assert "3,000 transactions" in text
    call("--source", folder, "--out", expected)
    found, wanted = pq.read_table(out), pq.read_table(expected)
    for name in ("transaction_id", *FEATURE_NAMES):
        if name not in ("distance_from_home_km", "foreign_country"):  # a file has no profiles
            assert found[name].equals(wanted[name]) or np.array_equal(
                found[name].to_numpy(), wanted[name].to_numpy(), equal_nan=True
            )
    assert found["foreign_country"].to_numpy()[0] != found["foreign_country"].to_numpy()[0]
    rates = found["merchant_days_since_first_known_fraud"].to_numpy()
    assert np.isfinite(rates).any()


def test_limit_order_and_repeated_rows(folder: Path, tmp_path: Path) -> None:
    table = pq.read_table(folder / "transactions.parquet")
    shuffled = table.take(pa.array(np.random.default_rng(1).permutation(table.num_rows)))
    file, out = tmp_path / "shuffled.parquet", tmp_path / "features.parquet"
    pq.write_table(pa.concat_tables([shuffled, shuffled.slice(0, 50)]), file)
    call("--source", file, "--columns", folder / "map.toml", "--limit", 500, "--out", out)
    found = pq.read_table(out)
    assert found.num_rows == 500
    assert found["transaction_id"].to_pylist() == table["transaction_id"][:500].to_pylist()


def test_what_cannot_be_is_said_with_the_fix(folder: Path, tmp_path: Path) -> None:
    file, out = folder / "transactions.parquet", tmp_path / "features.parquet"
    assert "--columns" in call("--source", file, "--out", out, ok=False)
    table = pq.read_table(file)
    broken = tmp_path / "broken.parquet"
    nobody = pa.array([None, *table["user_id"][1:].to_pylist()], pa.string())
    pq.write_table(table.set_column(1, "user_id", nobody), broken)
    answer = call("--source", broken, "--columns", folder / "map.toml", "--out", out, ok=False)
    assert "column user_id has no value in 1 of 3000 rows" in answer
    pq.write_table(table.drop_columns(["amount"]), broken)
    answer = call("--source", broken, "--columns", folder / "map.toml", "--out", out, ok=False)
    assert "has no column 'amount'" in answer
    status = pa.array(["lost"] * table.num_rows)
    pq.write_table(table.set_column(table.column_names.index("status"), "status", status), broken)
    answer = call("--source", broken, "--columns", folder / "map.toml", "--out", out, ok=False)
    assert "status 'lost'" in answer
    labels = tmp_path / "labels.parquet"
    pq.write_table(table.select(["transaction_id"]), labels)
    assert "no column is_fraud" in call("--source", folder, "--labels", labels, "--out", out, ok=False)
    assert not out.exists()


def test_labels_count_from_the_time_they_become_known(folder: Path, tmp_path: Path) -> None:
    transactions = pq.read_table(folder / "transactions.parquet")
    known = transactions["timestamp"][0].as_py() + timedelta(days=5)
    labels = tmp_path / "labels.parquet"
    pq.write_table(
        pa.table(
            {
                "transaction_id": transactions["transaction_id"][:1],
                "is_fraud": [True],
                "investigation_complete_time": pa.array([known], pa.timestamp("ms", "UTC")),
            }
        ),
        labels,
    )
    out = tmp_path / "features.parquet"
    call("--source", folder, "--labels", labels, "--out", out)
    ages = pq.read_table(out)["merchant_days_since_first_known_fraud"].to_numpy()
    merchant = np.array(transactions["merchant_id"].to_pylist()) == transactions["merchant_id"][0].as_py()
    moments = transactions["timestamp"].cast(pa.int64()).to_numpy()
    assert np.array_equal(np.isfinite(ages), merchant & (moments > moments[0] + 5 * 86_400_000))
