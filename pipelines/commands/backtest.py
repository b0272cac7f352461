"""``fraudline backtest``: the whole road from a transactions file to an evaluated model, fold by fold."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from processing.commands.source_options import source_options
from processing.engines.job import EngineError

if TYPE_CHECKING:
    from pipelines.backtest.folds import Fold
    from pipelines.backtest.rows import Rows

_HANDBOOK_TRAIN_DAYS = 75
_DEFAULT_DELAY_DAYS = 7


@click.command()
@source_options
@click.option(
    "--protocol",
    type=click.Choice(["handbook", "rolling"]),
    default="rolling",
    show_default=True,
    help="The published folds of the Fraud Detection Handbook, or the file's newest weeks.",
)
@click.option(
    "--train-days",
    type=click.IntRange(14),
    help=f"Days to train on. Default: {_HANDBOOK_TRAIN_DAYS} (handbook), all but the first fifth (rolling).",
)
@click.option("--folds", type=click.IntRange(1, 52), default=4, show_default=True, help="Rolling only.")
@click.option("--test-days", type=click.IntRange(1), default=7, show_default=True, help="Rolling only.")
@click.option(
    "--delay-days",
    type=click.IntRange(0),
    help="Between training and test; rolling only. Default: the label delay of the column map, else 7.",
)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Folder for report and pictures."
)
@click.option("--threads", type=click.IntRange(1), help="To train with. Default: all processors.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def backtest(
    source: Path,
    columns: Path | None,
    protocol: str,
    out: Path | None,
    threads: int | None,
    as_json: bool,
    **rolling: Any,
) -> None:
    """Compute the features of every transaction, and train and test a model on each fold.

    A model is trained on what was known when its test window began. Nothing about it is chosen on a test
    window: rounds and thresholds come from the last week of its training window.

    \b
    Example:
      fraudline backtest --source F.parquet --columns map.toml --out backtest/
      fraudline backtest --source F.parquet --columns handbook.toml --protocol handbook --json
    """
    from pipelines.backtest.folds import FoldError
    from pipelines.backtest.published import HANDBOOK
    from pipelines.backtest.report import Backtest
    from pipelines.backtest.rows import read
    from pipelines.backtest.run import backtest as run
    from pipelines.steps.booster import TreeSettings
    from pipelines.steps.thresholds import Costs

    def say(line: str) -> None:
        click.echo(line, err=True)

    settings = TreeSettings()
    try:
        began = time.perf_counter()
        rows = read(source, columns)
        seconds = time.perf_counter() - began
        frauds = int(rows.fraud.sum())
        say(f"{len(rows):,} transactions, {frauds:,} frauds, every feature in {seconds:.1f} s")
        folds = _folds(rows, protocol, **rolling)
        results = run(rows, folds, settings, Costs(), threads or os.cpu_count() or 1, say)
    except (EngineError, FoldError) as error:
        raise click.ClickException(str(error)) from error
    published = HANDBOOK if protocol == "handbook" else ()
    found = Backtest(source.name, protocol, len(rows), frauds, seconds, settings, results, published)
    page = found.write(out) if out is not None else None
    if as_json:
        click.echo(json.dumps(found.as_dict(), indent=2))
    else:
        _print(found)
    if page is not None:
        say(f"Report: {page}")


def _folds(
    rows: Rows,
    protocol: str,
    *,
    train_days: int | None,
    folds: int,
    test_days: int,
    delay_days: int | None,
) -> list[Fold]:
    from pipelines.backtest.folds import handbook_folds, rolling_folds

    if protocol == "handbook":
        return handbook_folds(rows.first, rows.last, train_days or _HANDBOOK_TRAIN_DAYS)
    if delay_days is None:
        delay_days = _DEFAULT_DELAY_DAYS if rows.delay_days is None else -int(-rows.delay_days // 1)
    return rolling_folds(
        rows.first, rows.last, train_days=train_days, delay_days=delay_days, folds=folds, test_days=test_days
    )


def _print(found: Any) -> None:
    from rich.console import Console
    from rich.table import Table

    head, lines = found.table()
    table = Table()
    for number, cell in enumerate(head):
        table.add_column(cell, justify="left" if number < 2 else "right")
    for number, line in enumerate(lines):
        table.add_row(*line, end_section=number in (len(found.results) - 1, len(found.results)))
    Console(soft_wrap=True).print(table)
