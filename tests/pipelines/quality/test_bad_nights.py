"""Each bad night is caught by the check that is there for it, and a sound one passes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.steps import features
from pipelines.steps.container import run
from tests.pipelines import lake
from tests.pipelines.quality import nights

OPTIONS = ["--as-of", lake.NIGHT, "--history-days", "40"]


def build(tmp_path: Path, night: nights.Lake) -> dict[str, Any]:
    """BuildFeatures on a lake; its quality.json."""
    lake.write_lake(tmp_path, night.transactions, night.labels)
    folder = tmp_path / "processing" / "input" / "profiles"
    folder.mkdir(parents=True)
    night.profiles.to_parquet(folder / "profiles.parquet", index=False)
    assert run(features.main, OPTIONS) == 0
    document: dict[str, Any] = json.loads((tmp_path / "processing/output/quality/quality.json").read_text())
    return document


@pytest.fixture(autouse=True)
def _container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAUDLINE_OPT_ML", str(tmp_path))


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_a_sound_night_has_nothing_critical(tmp_path: Path, seed: int) -> None:
    found = build(tmp_path, nights.sound(seed))
    assert found["critical"] == 0, found["findings"]
    assert found["summary"]["reason"] == "nothing critical"
    assert (tmp_path / "processing/output/train/train.parquet").is_file()
    assert {check["layer"] for check in found["checks"]} == {"batch", "training"}


@pytest.mark.parametrize("name", nights.BAD)
def test_a_bad_night_is_caught_by_name_and_trains_nothing(tmp_path: Path, name: str) -> None:
    spoil, _, check, message = nights.BAD[name]
    found = build(tmp_path, spoil(nights.sound()))
    critical = [one for one in found["findings"] if one["severity"] == "critical"]
    assert check in {one["check"] for one in critical}, found["findings"]
    assert any(message in one["message"] for one in critical if one["check"] == check), critical
    assert check in found["summary"]["reason"]
    assert found["critical"] == len(critical)
    assert not (tmp_path / "processing/output/train").exists()
    manifest = json.loads((tmp_path / "processing/output/manifest/manifest.json").read_text())
    assert manifest["splits"] == {}


def test_what_was_found_shows_rows(tmp_path: Path) -> None:
    found = build(tmp_path, nights.users_unknown(nights.sound()))
    (one,) = (one for one in found["findings"] if one["check"] == "unknown_users")
    assert len(one["rows"]) == 10
    assert all(row["user_id"].startswith("new-") for row in one["rows"])


def test_a_file_that_is_not_parquet_is_named(tmp_path: Path) -> None:
    night = nights.sound()
    lake.write_lake(tmp_path, night.transactions, night.labels)
    (tmp_path / "processing/input/transactions/date=2026-02-28/part-7.parquet").write_bytes(
        b"PAR1 not really"
    )
    assert run(features.main, OPTIONS) == 0
    found = json.loads((tmp_path / "processing/output/quality/quality.json").read_text())
    assert found["summary"]["reason"].startswith("readable: transactions: part-7.parquet is not a readable")


def test_an_empty_lake_ends_the_night(tmp_path: Path) -> None:
    night = nights.sound()
    found = build(tmp_path, night._replace(transactions=night.transactions.iloc[:0]))
    assert "has no transactions" in found["summary"]["reason"]


def test_one_class_is_named(tmp_path: Path) -> None:
    night = nights.sound()
    found = build(tmp_path, night._replace(labels=night.labels.assign(is_fraud=False)))
    (first,) = (one for one in found["findings"] if one["check"] == "one_class" and "train" in one["message"])
    assert "transactions of the train window" in first["message"]
    assert "are genuine; check that labels arrive" in first["message"]
