"""Data sets: written and read back, cut by time, moved in time by whole weeks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from processing.generator import Scenario, generate
from processing.sources.dataset import Dataset

DATASET = generate(Scenario(events=2_000, days=21, seed=2))


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    files = DATASET.write(tmp_path / "set")
    assert {file.name for file in files} == {
        f"{n}.parquet" for n in ("transactions", "labels", "users", "truth")
    }
    again = Dataset.read(tmp_path / "set")
    assert again.transactions.equals(DATASET.transactions)
    assert again.labels.equals(DATASET.labels)


def test_reading_something_else_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="fraudline generate"):
        Dataset.read(tmp_path)
    DATASET.write(tmp_path)
    transactions = tmp_path / "transactions.parquet"
    pq.write_table(DATASET.transactions.slice(0, 0), transactions)
    with pytest.raises(ValueError, match="has no transactions: give"):
        Dataset.read(tmp_path)
    pq.write_table(DATASET.transactions.drop_columns(["currency", "status"]), transactions)
    with pytest.raises(ValueError, match=r"transactions\.parquet has no column currency, status: give"):
        Dataset.read(tmp_path)


def test_cuts_are_half_open_and_lose_nothing() -> None:
    middle = DATASET.start + timedelta(days=10)
    before, after = DATASET.between(None, middle), DATASET.between(middle, None)
    assert before.end < middle <= after.start
    assert before.transactions.num_rows + after.transactions.num_rows == DATASET.transactions.num_rows
    assert after.truth is not None
    assert after.truth["transaction_id"].equals(after.transactions["transaction_id"])
    assert before.labels.num_rows + after.labels.num_rows == DATASET.labels.num_rows


@pytest.mark.parametrize("now", [datetime(2031, 6, 5, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC)])
def test_moved_data_ends_in_the_last_week_and_keeps_its_weekdays(now: datetime) -> None:
    moved = DATASET.moved_to_end_before(now)
    assert now - timedelta(days=7) < moved.end <= now
    assert moved.start.weekday() == DATASET.start.weekday()
    assert moved.end - moved.start == DATASET.end - DATASET.start
    assert moved.users is not None
    assert DATASET.users is not None
    age = moved.start - moved.users["account_created_at"][0].as_py()
    assert age == DATASET.start - DATASET.users["account_created_at"][0].as_py()
    delay = moved.labels["investigation_complete_time"][0].as_py() - moved.start
    assert delay == DATASET.labels["investigation_complete_time"][0].as_py() - DATASET.start
