"""The figures that the README shows, from ``results.json`` into its section.

python -m benchmarks.readme     rewrites what is between the two marks of README.md
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from benchmarks.results import Result, load, number

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- figures: python -m benchmarks.readme -->", "<!-- end of figures -->"
_HANDBOOK = "(handbook_transactions)"
_AGAINST = "features embedded against"

_SERVING = "serving, 600 trees, 8 clients, one core"
_PACED = "serving, open loop at 60 % of capacity, 600 trees"
_HANDLER = "SageMaker XGBoost handler"
_HOT = "hot path, 10,000/s for 60 s, 300 trees"


class Row(NamedTuple):
    """A line of the table.

    Attributes:
        name: of the figure in ``results.json``.
        title: what is measured, for people.
        asked: what it has to be; empty where nothing was asked.
        ratio: show how many times better than the baseline instead of the value.
    """

    name: str
    title: str
    asked: str = ""
    ratio: bool = False


ROWS = (
    Row(f"features embedded, Parquet to matrix {_HANDBOOK}", "every feature, Parquet to matrix", "≥ 250,000"),
    Row(f"{_AGAINST} polars rolling {_HANDBOOK}", "the same per CPU second", "≥ 3", ratio=True),
    Row(f"{_AGAINST} DuckDB RANGE windows {_HANDBOOK}", "", "≥ 10", ratio=True),
    Row(f"{_AGAINST} pandas groupby.rolling without distinct {_HANDBOOK}", "", "≥ 10", ratio=True),
    Row("features embedded, peak memory of 10,000,000 events", "10 million events, peak memory", "< 8"),
    Row("kernel: decode two states, 50 features, p50", "request time: two states to 50 features", "≤ 30"),
    Row("kernel: decode two states beyond the cap, 50 features, p50", "〃, both beyond the cap"),
    Row("kernel: update and encode a user, p50", "one more transaction into a user's state", "≤ 10"),
    Row("kernel: update and encode a user beyond the cap, p50", "〃, beyond the cap"),
    Row("kernel: update and encode a merchant, p50", "one more into a merchant's", "≤ 10"),
    Row("Spark job, all features", "Spark job, CPU seconds", "≥ 1", ratio=True),
    Row(
        f"features flink, checkpoints on {_HANDBOOK}",
        "Flink over a file, checkpoints on, without its start",
        "≥ 5,000",
    ),
    Row("stream consumer: process, outputs delivered", "stream consumer, every output delivered"),
    Row("memory of users after 90 days", "a million users, after 90 days"),
    Row(f"{_SERVING}: Fraudline", "decisions by one core: features, 600 trees, reasons, log"),
    Row(f"{_SERVING}: against {_HANDLER} with reasons", "〃", "≥ 40", ratio=True),
    Row(f"{_SERVING}: against {_HANDLER} without reasons", "〃", "≥ 10", ratio=True),
    Row(f"{_SERVING}: against MLServer, scores only", "〃", "≥ 10", ratio=True),
    Row(f"{_SERVING}: against BentoML, scores only", "〃", ratio=True),
    Row(f"{_SERVING}: p99 against {_HANDLER} with reasons", "p99 of 8 clients", "≥ 10", ratio=True),
    Row(f"{_SERVING}: p99 against MLServer, scores only", "〃", "≥ 10", ratio=True),
    Row(f"{_SERVING}: p99 against BentoML, scores only", "〃", "≥ 10", ratio=True),
    Row(f"{_PACED}: p99", "p99 at 60 % of capacity, open loop", "< 5"),
    Row(f"{_HOT}: decided", "Avro to recorded decision, both cores, 300 trees", "≥ 10,000"),
    Row(f"{_HOT}: p99", "〃, p99 of a minute in which 10,000/s arrive", "< 50"),
)


def section(results: list[Result]) -> str:
    """The table.

    Raises:
        LookupError: a figure has not been measured.
    """
    found = {result["name"]: result for result in results}
    lines = ["| what | figure | asked |", "|---|---|---|"]
    for row in ROWS:
        if row.name not in found:
            raise LookupError(f"results.json has no figure {row.name!r}: run `make bench`")
        result = found[row.name]
        if row.ratio:
            ratio = result["ratio"]
            assert ratio is not None, row.name
            figure = f"{number(ratio)} times {(result['baseline'] or '').removesuffix(', per CPU s')}"
        else:
            unit = "µs" if result["unit"] == "us" else result["unit"]
            figure = f"{number(result['value'])} {unit}"
        lines.append(f"| {row.title or '〃'} | {figure} | {row.asked} |")
    return "\n".join(lines)


def replaced(text: str, table: str) -> str:
    """The README with this table between the marks.

    Raises:
        ValueError: it lacks the marks.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{README.name} lacks {BEGIN} or {END}: put both where the table belongs")
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


if __name__ == "__main__":
    README.write_text(replaced(README.read_text(encoding="utf-8"), section(load())), encoding="utf-8")
