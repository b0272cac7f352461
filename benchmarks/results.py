"""The figures of every benchmark in one file, ``results.json``, and as a table for people."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TypedDict

RESULTS = Path(__file__).with_name("results.json")


class Result(TypedDict):
    """One figure. `ratio` is how many times better it is than `baseline`, measured in the same run."""

    name: str
    value: float
    unit: str
    baseline: str | None
    ratio: float | None
    cores: int
    date: str


def record(
    name: str, value: float, unit: str, baseline: str | None = None, ratio: float | None = None
) -> Result:
    """Put one figure into the file, in place of an older one of the same name, and print it.

    Args:
        baseline: what `ratio` compares with, e.g. ``polars rolling, per CPU second``.

    Raises:
        ValueError: only one of `baseline` and `ratio` is given.
    """
    if (baseline is None) != (ratio is None):
        raise ValueError(f"{name}: give baseline and ratio together, or neither")
    result = Result(
        name=name,
        value=_significant(value),
        unit=unit,
        baseline=baseline,
        ratio=None if ratio is None else _significant(ratio),
        cores=os.cpu_count() or 1,
        date=f"{datetime.now(UTC):%Y-%m-%d}",
    )
    others = [other for other in load() if other["name"] != name]
    _write(sorted([*others, result], key=lambda r: r["name"]))
    print(_line(result))
    return result


def load() -> list[Result]:
    """Every figure recorded so far, by name."""
    if not RESULTS.exists():
        return []
    results: list[Result] = json.loads(RESULTS.read_text(encoding="utf-8"))
    return results


def table() -> str:
    """The figures as a Markdown table."""
    head = "| figure | value | unit | times as good as | ratio |\n|---|---:|---|---|---:|"
    rows = [
        f"| {r['name']} | {number(r['value'])} | {r['unit']} | {r['baseline'] or ''} | "
        f"{'' if r['ratio'] is None else number(r['ratio'])} |"
        for r in load()
    ]
    return "\n".join([head, *rows])


def _write(results: list[Result]) -> None:
    # A reader, or a second benchmark, never meets half a file.
    draft = RESULTS.with_suffix(".tmp")
    draft.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    draft.replace(RESULTS)


def _line(result: Result) -> str:
    ratio = "" if result["ratio"] is None else f"  {number(result['ratio'])} x {result['baseline']}"
    return f"{result['name']:<58} {number(result['value']):>12} {result['unit']}{ratio}"


def _significant(value: float) -> float:
    return float(f"{value:.4g}")


def number(value: float) -> str:
    """A figure for people: four digits, thousands with commas."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


if __name__ == "__main__":
    print(table())
