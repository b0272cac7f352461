"""The future must not matter: what is known or happens after the as-of time changes nothing."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from feature_groups import FEATURE_NAMES
from pipelines.steps import features
from pipelines.steps.targets import TARGET
from tests.pipelines import lake


def manifest_of(opt_ml: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("FRAUDLINE_OPT_ML", str(opt_ml))
    features.main(["--as-of", lake.NIGHT, "--history-days", "40"])
    file = opt_ml / "processing" / "output" / "manifest" / "manifest.json"
    document: dict[str, Any] = json.loads(file.read_text())
    return document


@pytest.fixture
def rows() -> pd.DataFrame:
    return lake.transactions()


@pytest.fixture
def expected(rows: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    lake.write_lake(tmp_path / "expected", rows, lake.labels(rows))
    splits: dict[str, Any] = manifest_of(tmp_path / "expected", monkeypatch)["splits"]
    return splits


def test_a_label_known_after_the_as_of_time_changes_nothing(
    rows: pd.DataFrame, expected: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = lake.labels(rows).assign(
        is_fraud=lambda frame: ~frame["is_fraud"],
        investigation_complete_time=lake.AS_OF + timedelta(milliseconds=1),
    )
    later["investigation_complete_time"] = later["investigation_complete_time"].dt.as_unit("ms")
    lake.write_lake(tmp_path / "changed", rows, pd.concat([lake.labels(rows), later], ignore_index=True))
    changed = manifest_of(tmp_path / "changed", monkeypatch)
    assert changed["read"]["labels"] == 2 * len(rows)
    assert changed["splits"] == expected


@pytest.mark.parametrize("days", [-6, 0, 3])
def test_a_transaction_past_the_window_changes_nothing(
    rows: pd.DataFrame, expected: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    """Younger than the label delay, at the as-of time, and after it."""
    moment = pd.Timestamp(lake.AS_OF + timedelta(days=days)).as_unit("ms")
    later = rows.iloc[-5:].assign(  # few: a day of another kind would end the night
        transaction_id=[f"later-{number}" for number in range(5)],
        timestamp=moment,
        arrival_time=moment,
        amount_minor=99_999_999,
    )
    lake.write_lake(tmp_path / "changed", pd.concat([rows, later], ignore_index=True), lake.labels(rows))
    assert manifest_of(tmp_path / "changed", monkeypatch)["splits"] == expected


SPLITS = ("train", "validation", "test")


def files(opt_ml: Path) -> dict[str, bytes]:
    """The training set as it was written."""
    folder = opt_ml / "processing" / "output"
    return {name: (folder / name / f"{name}.parquet").read_bytes() for name in SPLITS}


def test_tomorrow_is_in_no_byte_of_the_training_set(
    rows: pd.DataFrame, expected: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A label that becomes known tomorrow and a transaction of tomorrow, of a user, a merchant and a
    transaction that are in the test window; the same two, known yesterday, are in it.
    """
    known, subject = lake.labels(rows), rows.iloc[-1_500]
    assert not subject["is_fraud"]
    for name, ago in (("tomorrow", -1), ("known", 12)):
        moment = pd.Timestamp(lake.AS_OF - timedelta(days=ago)).as_unit("ms")
        purchase = rows.iloc[[-1_500]].assign(
            transaction_id="planted", timestamp=moment, arrival_time=moment, amount_minor=5_000_000
        )
        label = known.iloc[[-1_500]].assign(is_fraud=True, investigation_complete_time=moment)
        lake.write_lake(tmp_path / name, pd.concat([rows, purchase]), pd.concat([known, label]))
        manifest = manifest_of(tmp_path / name, monkeypatch)
        assert manifest["read"] == {"transactions": len(rows) + 1, "labels": len(rows) + 1, "profiles": 0}
        assert (files(tmp_path / name) == files(tmp_path / "expected")) is (name == "tomorrow")


def test_a_correction_changes_the_target_and_no_feature_of_before_it(
    rows: pd.DataFrame, expected: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever was decided while a transaction counted as fraud was decided with its merchant's rate then."""
    known = lake.labels(rows)
    fraud = known[known["is_fraud"]].iloc[[60]]
    corrected = fraud["investigation_complete_time"].iloc[0] + timedelta(days=2)
    correction = fraud.assign(is_fraud=False, investigation_complete_time=corrected)
    lake.write_lake(tmp_path / "changed", rows, pd.concat([known, correction]))
    manifest_of(tmp_path / "changed", monkeypatch)
    before, after = (
        pd.concat([pd.read_parquet(io.BytesIO(body)) for body in files(tmp_path / name).values()])
        for name in ("expected", "changed")
    )
    earlier = before["timestamp"] <= corrected
    assert 0 < earlier.sum() < len(before)
    assert after[earlier][list(FEATURE_NAMES)].equals(before[earlier][list(FEATURE_NAMES)])
    changed = before[TARGET] != after[TARGET]
    assert before.loc[changed, "transaction_id"].tolist() == fraud["transaction_id"].tolist()


def test_a_label_known_in_time_does_change_the_targets(
    rows: pd.DataFrame, expected: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests above would pass on a step that ignores labels; this one would not."""
    known = lake.labels(rows)
    late = known["is_fraud"] & (
        known["transaction_id"] == known.loc[known["is_fraud"], "transaction_id"].iloc[40]
    )
    known.loc[late, "is_fraud"] = False
    lake.write_lake(tmp_path / "changed", rows, known)
    changed = manifest_of(tmp_path / "changed", monkeypatch)["splits"]
    assert sum(split["frauds"] for split in changed.values()) == (
        sum(split["frauds"] for split in expected.values()) - 1
    )


def test_a_delivery_written_twice_changes_nothing(
    rows: pd.DataFrame, expected: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = rows.iloc[2_000:3_000].assign(arrival_time=rows["arrival_time"].max())
    lake.write_lake(tmp_path / "changed", pd.concat([rows, again], ignore_index=True), lake.labels(rows))
    changed = manifest_of(tmp_path / "changed", monkeypatch)
    assert changed["splits"] == expected
    assert changed["read"]["transactions"] == len(rows)
