"""Foreign files: Parquet and CSV through a map, with missing columns as missing values."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from processing.events import RejectedRecord, decode_transaction
from processing.sources.column_map import ColumnMap, ColumnMapError
from processing.sources.dataset import TRANSACTIONS
from processing.sources.files import read_file
from processing.sources.records import transaction_records

HANDBOOK = ColumnMap.load(Path(__file__).parents[3] / "docs" / "column-maps" / "handbook.toml")


def _rows() -> pa.Table:
    return pa.table(
        {
            "TRANSACTION_ID": [2, 1, 3],
            "TX_DATETIME": [datetime(2018, 4, d, 12) for d in (2, 1, 3)],  # noqa: DTZ001 - as in the file
            "CUSTOMER_ID": pa.array([7, 8, 7], pa.int32()),
            "TERMINAL_ID": pa.array([1, 1, 2], pa.int32()),
            "TX_AMOUNT": [10.5, 20.0, 300.0],
            "TX_FRAUD": pa.array([0, 0, 1], pa.int8()),
        }
    )


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_rows_arrive_in_time_order_with_missing_values(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"rows.{suffix}"
    if suffix == "parquet":
        pq.write_table(_rows(), path)
    else:
        pyarrow.csv.write_csv(_rows(), path)
    dataset = read_file(path, HANDBOOK)
    assert dataset.transactions.schema == TRANSACTIONS
    first = dataset.transactions.slice(0, 1).to_pylist()[0]
    assert first == {
        "transaction_id": "1",
        "user_id": "8",
        "merchant_id": "1",
        "amount": 20.0,
        "currency": "EUR",
        "timestamp": datetime(2018, 4, 1, 12, tzinfo=UTC),
        **dict.fromkeys(("lat", "lon", "country", "device", "channel", "status")),
    }
    assert dataset.labels.to_pylist() == [
        {
            "transaction_id": "3",
            "is_fraud": True,
            "fraud_type": None,
            "confidence": 1.0,
            "investigation_complete_time": datetime(2018, 4, 10, 12, tzinfo=UTC),
        }
    ]
    assert dataset.truth is not None
    assert dataset.truth["is_fraud"].to_pylist() == [False, False, True]


def test_amounts_are_rounded_to_the_decimals_of_their_currency(tmp_path: Path) -> None:
    rows = _rows().set_column(4, "TX_AMOUNT", pa.array([5 * 57.16, 20.0, 300.4]))
    rows = rows.append_column("CURRENCY", pa.array(["EUR", "EUR", "JPY"]))
    pq.write_table(rows, tmp_path / "rows.parquet")
    columns = ColumnMap({**HANDBOOK.columns, "currency": "CURRENCY"})
    found = read_file(tmp_path / "rows.parquet", columns).transactions
    assert found["amount"].to_pylist() == [20.0, 285.8, 300.0]


def test_labels_of_all_rows_known_at_a_column(tmp_path: Path) -> None:
    known = [datetime(2018, 5, d, tzinfo=UTC) for d in (3, 1, 2)]
    pq.write_table(_rows().append_column("KNOWN", pa.array(known)), tmp_path / "rows.parquet")
    labels = {"is_fraud": "TX_FRAUD", "known_at": "KNOWN", "investigated": "all"}
    columns = ColumnMap.parse(
        {"columns": dict(HANDBOOK.columns), "defaults": dict(HANDBOOK.defaults), "labels": labels}
    )
    found = read_file(tmp_path / "rows.parquet", columns).labels
    assert found["transaction_id"].to_pylist() == ["1", "3", "2"]
    assert found["is_fraud"].to_pylist() == [False, True, False]


def test_a_column_the_file_lacks_is_named(tmp_path: Path) -> None:
    pq.write_table(_rows().rename_columns(["TRANSACTION_ID", "TX_TIME", *_rows().column_names[2:]]),
                   tmp_path / "rows.parquet")  # fmt: skip
    with pytest.raises(ColumnMapError, match=r"no column 'TX_DATETIME'.*did you mean 'TX_TIME'"):
        read_file(tmp_path / "rows.parquet", HANDBOOK)


def test_a_column_of_the_wrong_type_is_named(tmp_path: Path) -> None:
    rows = _rows().set_column(4, "TX_AMOUNT", pa.array(["ten", "20", "30"]))
    pq.write_table(rows, tmp_path / "rows.parquet")
    with pytest.raises(ColumnMapError, match=r"'TX_AMOUNT' \(string\) cannot be read as amount"):
        read_file(tmp_path / "rows.parquet", HANDBOOK)


def test_a_default_of_the_wrong_type_is_named(tmp_path: Path) -> None:
    pq.write_table(_rows(), tmp_path / "rows.parquet")
    columns = ColumnMap(HANDBOOK.columns, {"currency": "EUR", "lat": "north"})
    with pytest.raises(ColumnMapError, match=r"\[defaults\] lat = 'north'"):
        read_file(tmp_path / "rows.parquet", columns)


def test_unknown_and_absent_files_say_what_to_give(tmp_path: Path) -> None:
    (tmp_path / "rows.xlsx").touch()
    with pytest.raises(ColumnMapError, match=r"use \.parquet, \.csv"):
        read_file(tmp_path / "rows.xlsx", HANDBOOK)
    with pytest.raises(FileNotFoundError, match="give an existing"):
        read_file(tmp_path / "none.parquet", HANDBOOK)


def test_rows_without_a_time_are_refused_not_lost(tmp_path: Path) -> None:
    rows = _rows()
    times = [datetime(2018, 4, 2, 12), None, datetime(2018, 4, 3, 12)]  # noqa: DTZ001 - as in the file
    pq.write_table(rows.set_column(1, "TX_DATETIME", pa.array(times)), tmp_path / "rows.parquet")
    with pytest.raises(ColumnMapError, match="'TX_DATETIME' has no time in 1 of 3 rows: remove"):
        read_file(tmp_path / "rows.parquet", HANDBOOK)


def test_gaps_become_records_that_the_platform_can_judge(tmp_path: Path) -> None:
    """No place is a missing value; no user is a record that is incomplete, not one that cannot be sent."""
    rows = _rows().set_column(2, "CUSTOMER_ID", pa.array([7, None, 7], pa.int32()))
    rows = rows.append_column("LAT", pa.array([float("nan"), 1.0, 2.0]))
    rows = rows.append_column("LON", pa.array([2.0, 1.0, None]))
    pq.write_table(rows, tmp_path / "rows.parquet")
    columns = ColumnMap({**HANDBOOK.columns, "lat": "LAT", "lon": "LON"}, HANDBOOK.defaults)
    records = list(transaction_records(read_file(tmp_path / "rows.parquet", columns).transactions))
    assert [record.partition_key for record in records] == ["-", "7", "7"]
    now_ms = records[-1].time_ms
    with pytest.raises(RejectedRecord) as caught:
        decode_transaction(records[0].data, now_ms, True)
    assert (caught.value.kind, caught.value.field) == ("incomplete", "user_id")
    assert [decode_transaction(record.data, now_ms, True).lat for record in records[1:]] == [None, None]


@pytest.mark.parametrize("scale", [1, 1000])
def test_times_may_be_seconds_or_milliseconds_since_1970(tmp_path: Path, scale: int) -> None:
    seconds = [int(datetime(2018, 4, day, 12, tzinfo=UTC).timestamp()) for day in (2, 1, 3)]
    table = _rows().set_column(1, "TX_DATETIME", pa.array([second * scale for second in seconds]))
    pq.write_table(table, tmp_path / "rows.parquet")
    times = read_file(tmp_path / "rows.parquet", HANDBOOK).transactions["timestamp"].to_pylist()
    assert times == [datetime(2018, 4, day, 12, tzinfo=UTC) for day in (1, 2, 3)]


def test_homes_in_the_rows_become_profiles(tmp_path: Path) -> None:
    table = (
        _rows().append_column("LAT", pa.array([50.0, 40.0, 51.0])).append_column("LON", pa.array([8.0] * 3))
    )
    pq.write_table(table, tmp_path / "rows.parquet")
    columns = ColumnMap(
        {**HANDBOOK.columns, "home_lat": "LAT", "home_lon": "LON"}, HANDBOOK.defaults, HANDBOOK.labels
    )
    users = read_file(tmp_path / "rows.parquet", columns).users
    assert users is not None
    assert sorted(users.select(["user_id", "home_lat", "home_lon", "home_country"]).to_pylist(), key=str) == [
        {"user_id": "7", "home_lat": 50.0, "home_lon": 8.0, "home_country": None},
        {"user_id": "8", "home_lat": 40.0, "home_lon": 8.0, "home_country": None},
    ]
