"""The pages in a real browser, on a desk and on a telephone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.pipelines.conftest import Containers
from tests.pipelines.report import browser

PROGRAM = browser.find()
pytestmark = [pytest.mark.slow, pytest.mark.skipif(PROGRAM is None, reason=browser.MISSING)]


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize(("name", "images"), [("report", 5), ("quality", 0)])
def test_a_page_is_readable_and_complains_of_nothing(
    run: Containers, tmp_path: Path, name: str, images: int, width: int
) -> None:
    folders = {"report": (run.evaluation, "evaluation"), "quality": (run.features, "quality")}
    opt_ml, output = folders[name]
    page = tmp_path / f"{name}.html"
    shutil.copy(opt_ml / "processing" / "output" / output / page.name, page)
    assert PROGRAM is not None
    seen = browser.see(PROGRAM, page, width, tmp_path / "profile")
    assert seen.complaints == []
    assert seen.width <= width  # tables scroll by themselves, the page does not
    assert seen.verdict < 250  # above everything else
    assert (seen.images, seen.broken, seen.small) == (images, 0, 0)
    assert seen.heading.endswith("2026-03-01T02:00:00.000Z")
