"""``fraudline backtest``: the whole road from a transactions file to an evaluated model, fold by fold."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from processing.engines.job import EngineError

_HANDBOOK_TRAIN_DAYS = 75
_DEFAULT_DELAY_DAYS = 7


@click.command()
@click.option(
    "--source",
    type=click.Path(path_type=Path, exists=True),
    required=True,
    help="A Parquet or CSV file, or a folder that `fraudline generate` wrote.",
)
@click.option(
    "--columns",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The file's column map (docs/column-maps.md).",
)
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
    train_days: int | None,
    folds: int,
    test_days: int,
    delay_days: int | None,
    out: Path | None,
    threads: int | None,
    as_json: bool,
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

    def say(line: str) -> None:
        click.echo(line, err=True)

    try:
        found = _run(source, columns, protocol, train_days, folds, test_days, delay_days, threads, say)
    except (EngineError, FoldError) as error:
        raise click.ClickException(str(error)) from error
    page = found.write(out) if out is not None else None
    if as_json:
        click.echo(json.dumps(found.as_dict(), indent=2))
    else:
        _print(found)
    if page is not None:
        say(f"Report: {page}")


def _run(
    source: Path,
    columns: Path | None,
    protocol: str,
    train_days: int | None,
    folds: int,
    test_days: int,
    delay_days: int | None,
    threads: int | None,
    say: Callable[[str], None],
) -> Any:
    from pipelines.backtest.folds import handbook_folds, rolling_folds
    from pipelines.backtest.published import HANDBOOK
    from pipelines.backtest.report import Backtest
    from pipelines.backtest.rows import read
    from pipelines.backtest.run import backtest as run
    from pipelines.steps.booster import TreeSettings
    from pipelines.steps.thresholds import Costs

    began = time.perf_counter()
    rows = read(source, columns)
    seconds = time.perf_counter() - began
    say(f"{len(rows):,} transactions, {int(rows.fraud.sum()):,} frauds, every feature in {seconds:.1f} s")
    if protocol == "handbook":
        chosen = handbook_folds(rows.first, rows.last, train_days or _HANDBOOK_TRAIN_DAYS)
    else:
        delay = delay_days
        if delay is None:
            delay = _DEFAULT_DELAY_DAYS if rows.delay_days is None else -int(-rows.delay_days // 1)
        chosen = rolling_folds(
            rows.first, rows.last, train_days=train_days, delay_days=delay, folds=folds, test_days=test_days
        )
    settings = TreeSettings()
    results = run(rows, chosen, settings, Costs(), threads or os.cpu_count() or 1, say)
    return Backtest(
        source.name,
        protocol,
        len(rows),
        int(rows.fraud.sum()),
        seconds,
        settings,
        results,
        HANDBOOK if protocol == "handbook" else (),
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
