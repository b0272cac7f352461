"""Reading the lake: files of different ages, with what they have."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from feature_groups import USER_PROFILE
from pipelines.steps.container import StepError
from pipelines.steps.lake import PROFILES, read_labels, read_profiles, read_transactions
from pipelines.steps.targets import known_labels, targets
from processing.events import Profile

NOON = pd.Timestamp("2026-03-01T12:00:00Z")


def transaction(number: int, **columns: object) -> dict[str, object]:
    moment = NOON + pd.Timedelta(minutes=number)
    row = {"user_id": "u", "merchant_id": "m", "amount_minor": 100, "currency": "EUR", "timestamp": moment}
    return {"transaction_id": f"t{number}", **row, "arrival_time": moment, **columns}


def test_optional_columns_may_be_absent_and_files_may_differ(tmp_path: Path) -> None:
    pd.DataFrame([transaction(2, lat=50.8, lon=4.3)]).to_parquet(tmp_path / "new.parquet")
    pd.DataFrame([transaction(1)]).astype({"amount_minor": "int32"}).to_parquet(tmp_path / "old.parquet")
    (tmp_path / "_marker").write_text("keeps the prefix")
    found = read_transactions(tmp_path)
    assert list(found["transaction_id"]) == ["t1", "t2"]
    assert found["lat"].isna().tolist() == [True, False]
    assert found["device"].isna().all()


def test_the_first_arrival_of_a_transaction_is_kept(tmp_path: Path) -> None:
    late = transaction(1, arrival_time=NOON + pd.Timedelta(days=1), amount_minor=7)
    pd.DataFrame([late, transaction(1)]).to_parquet(tmp_path / "a.parquet")
    assert read_transactions(tmp_path)["amount_minor"].tolist() == [100]


def test_an_absent_folder_is_an_empty_table(tmp_path: Path) -> None:
    assert read_transactions(tmp_path / "none").empty
    assert "investigation_complete_time" in read_labels(tmp_path / "none")


def test_a_required_column_is_named(tmp_path: Path) -> None:
    pd.DataFrame([transaction(1)]).drop(columns="amount_minor").to_parquet(tmp_path / "a.parquet")
    with pytest.raises(StepError, match=r"transactions: a\.parquet has no column amount_minor"):
        read_transactions(tmp_path)


def test_a_wrong_type_is_named(tmp_path: Path) -> None:
    pd.DataFrame([transaction(1, amount_minor="ten")]).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(StepError, match=r"transactions: a\.parquet, column amount_minor is not int64"):
        read_transactions(tmp_path)


def test_a_text_that_is_no_moment_is_named(tmp_path: Path) -> None:
    pd.DataFrame([{"user_id": "u", "event_time": "yesterday"}]).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(StepError, match=r"profiles: a\.parquet, column event_time is not timestamp"):
        read_profiles(tmp_path)


def test_a_file_that_is_no_parquet_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_text("transaction_id,amount")
    with pytest.raises(StepError, match=r"labels: a\.parquet is not a readable Parquet file"):
        read_labels(tmp_path)


def test_offline_profiles_have_text_times_and_deletions(tmp_path: Path) -> None:
    """The Feature Store writes event times as text and marks deleted records."""
    rows = {
        "user_id": ["u1", "u1", "u2"],
        "event_time": ["2026-02-02T00:00:00Z", "2026-01-01T00:00:00.500Z", "2026-01-01T00:00:00Z"],
        "home_country": ["BE", "NL", "FR"],
        "is_deleted": [False, False, True],
    }
    pd.DataFrame(rows).to_parquet(tmp_path / "a.parquet")
    found = read_profiles(tmp_path)
    assert found["home_country"].tolist() == ["NL", "BE"]
    assert found["event_time"].iloc[0] == pd.Timestamp("2026-01-01T00:00:00.500Z")


def test_the_latest_known_label_decides_and_none_means_genuine(tmp_path: Path) -> None:
    rows = {
        "transaction_id": ["t1", "t1", "t2", "t3"],
        "is_fraud": [False, True, True, True],
        "confidence": [0.5, 0.9, 0.9, 0.9],
        "investigation_complete_time": NOON + pd.to_timedelta([2, 1, 1, 9], unit="h"),
    }
    pd.DataFrame(rows).to_parquet(tmp_path / "a.parquet")
    known = known_labels(read_labels(tmp_path), datetime(2026, 3, 1, 20, tzinfo=UTC))
    assert targets(pd.Series(["t1", "t2", "t3", "t4"]), known).tolist() == [0, 1, 0, 0]


def test_profiles_are_read_with_the_columns_that_the_group_has_and_features_use() -> None:
    columns = [name for name in PROFILES.names if name != "is_deleted"]
    assert set(columns) <= {feature.name for feature in USER_PROFILE.features}
    assert columns == [
        USER_PROFILE.record_identifier,
        USER_PROFILE.event_time,
        *Profile.__struct_fields__,
        "account_created_at",
    ]
