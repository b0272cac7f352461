"""The README shows the figures that were measured."""

from __future__ import annotations

import pytest

from benchmarks import readme
from benchmarks.results import Result, load


def test_the_readme_is_in_step_with_the_results() -> None:
    text = readme.README.read_text(encoding="utf-8")
    assert readme.replaced(text, readme.section(load())) == text, "run python -m benchmarks.readme"


def test_a_row_shows_the_value_or_how_many_times_better() -> None:
    results = [
        Result(
            name=row.name,
            value=12_345.6,
            unit="us",
            baseline="polars, per CPU s",
            ratio=3.456,
            cores=2,
            date="",
        )
        for row in readme.ROWS
    ]
    lines = readme.section(results).splitlines()
    assert lines[2] == "| every feature, Parquet to matrix | 12,346 µs | ≥ 250,000 |"
    assert lines[3] == "| the same per CPU second | 3.456 times polars | ≥ 3 |"
    with pytest.raises(LookupError, match="has no figure 'Spark job, all features': run `make bench`"):
        readme.section([result for result in results if not result["name"].startswith("Spark")])


def test_a_readme_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match=r"README.md lacks <!-- figures"):
        readme.replaced("# Title\n", "| table |")
