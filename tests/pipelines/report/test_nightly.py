"""The reviewer's page and the page of the data: of one file each, and true."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.report.figures import calibration_bins, cost_points
from pipelines.report.quality_page import quality_page
from pipelines.steps.thresholds import Costs
from tests.pipelines.conftest import Containers


def _output(opt_ml: Path, name: str, file: str) -> str:
    return (opt_ml / "processing" / "output" / name / file).read_text()


@pytest.fixture(scope="module")
def page(run: Containers) -> str:
    return _output(run.evaluation, "evaluation", "report.html")


def test_the_verdict_comes_first_and_the_figures_are_those_of_the_evaluation(
    run: Containers, page: str
) -> None:
    report = json.loads(_output(run.evaluation, "evaluation", "evaluation.json"))
    verdict = re.search(r'<p class="verdict good">(.*?)</p>', page)
    assert verdict is not None
    assert page.index("verdict good") < page.index("<table")
    summary = report["summary"]
    assert f"AUC {summary['auc']}, average precision {summary['average_precision']}" in verdict[1]
    for one in report["segments"]:
        assert f"<td>{one['segment']}</td><td>{one['rows']:,}</td><td>{one['frauds']:,}</td>" in page
    assert page.count("<img ") == 5
    name, share = next(iter(report["importances"].items()))
    assert f"<td>{name}</td><td>{share:.1%}</td>" in page


@pytest.mark.parametrize("name", ["report", "quality"])
def test_a_page_needs_nothing_else(run: Containers, name: str) -> None:
    folders = {"report": (run.evaluation, "evaluation"), "quality": (run.features, "quality")}
    content = _output(*folders[name], f"{name}.html")
    assert not re.search(r'(?:src|href)="(?!data:)', content)
    assert "<script" not in content
    assert "http" not in re.sub(r'"data:[^"]*"', "", content)


def test_the_page_of_bad_data_shows_rows_and_is_safe() -> None:
    finding = {
        "check": "volume", "layer": "batch", "severity": "critical", "message": "2026-02-28 <has> none",
        "rows": [{"user_id": "<script>alert(1)</script>", "rows": 3}],
    }  # fmt: skip
    quality: dict[str, Any] = {
        "critical": 1, "findings": [finding], "checks": [],
        "summary": {"reason": "volume: 2026-02-28 <has> none"},
    }  # fmt: skip
    page = quality_page("2026-03-01", quality)
    assert 'class="verdict bad"' in page
    assert "The data is not sound: volume: 2026-02-28 &lt;has&gt; none" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script" not in page


def test_calibration_bins_have_equally_many_frauds_and_all_rows() -> None:
    random = np.random.default_rng(0)
    scores = random.random(20_000)
    target = (random.random(20_000) < scores).astype(np.int8)
    bins = calibration_bins(scores, target)
    assert sum(one["rows"] for one in bins) == 20_000
    assert len(bins) == 10
    for one in bins:
        assert one["observed"] == pytest.approx(one["predicted"], abs=0.05)


def test_costs_by_hand() -> None:
    scores, target = np.array([0.1, 0.4, 0.6, 0.9]), np.array([0, 1, 0, 1], np.int8)
    at_half = next(p for p in cost_points(scores, target, Costs(0.04, 0.4)) if p["threshold"] == 0.5)
    assert at_half["review"] == pytest.approx(1 + 2 * 0.04)  # one fraud below, two reviewed
    assert at_half["decline"] == pytest.approx(1 + 0.4)  # one fraud below, one genuine declined
