"""The catalogue in the documentation is the one that the declarations give."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from feature_groups import FEATURE_NAMES
from feature_groups.catalogue import catalogue

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "feature-catalogue.md"


def test_the_page_is_up_to_date() -> None:
    command = [sys.executable, "-m", "feature_groups.catalogue"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert PAGE.read_text() == printed, f"write it again: python -m feature_groups.catalogue > {PAGE.name}"


def test_every_feature_has_one_row_with_every_cell() -> None:
    rows = [line.strip("| ").split(" | ") for line in catalogue().splitlines() if line.startswith("| ")]
    head = next(row for row in rows if row[0] == "#")
    features = {row[1].strip("`"): row for row in rows if row[0].isdigit()}
    assert sorted(features, key=lambda name: int(features[name][0])) == list(FEATURE_NAMES)
    for row in features.values():
        assert len(row) == len(head)
        assert all(cell.strip() for cell in row)


def test_a_row_tells_what_the_declaration_says() -> None:
    line = next(line for line in catalogue().splitlines() if "`user_declined_count_24h`" in line)
    assert line == (
        "| 14 | `user_declined_count_24h` | Declined transactions of the user in the last 24 hours "
        "| number | 24h | count of status | status = declined | at once | 0 | missing | Integral | personal |"
    )
