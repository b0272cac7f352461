"""Figures are merged by name, whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import results


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "results.json"
    monkeypatch.setattr(results, "RESULTS", path)
    return path


def test_figures_are_sorted_and_a_new_one_replaces_the_old_one(file: Path) -> None:
    results.record("b", 1234567.8, "events/s", "polars", 3.21987)
    results.record("a", 0.5, "s")
    results.record("b", 99.0, "events/s", "polars", 2.0)
    found = json.loads(file.read_text())
    assert [(r["name"], r["value"], r["ratio"]) for r in found] == [("a", 0.5, None), ("b", 99.0, 2.0)]
    assert set(found[0]) == {"name", "value", "unit", "baseline", "ratio", "cores", "date"}
    assert list(file.parent.iterdir()) == [file]


def test_the_table_has_a_row_per_figure(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert not file.exists()
    assert results.load() == []
    results.record("engine", 1234567.8, "events/s", "polars", 3.21987)
    assert "1,235,000 events/s  3.22 x polars" in capsys.readouterr().out
    assert results.table().splitlines()[-1] == "| engine | 1,235,000 | events/s | polars | 3.22 |"


def test_a_ratio_needs_a_baseline(file: Path) -> None:
    with pytest.raises(ValueError, match="engine: give baseline and ratio together"):
        results.record("engine", 1.0, "s", ratio=2.0)
    assert not file.exists()
