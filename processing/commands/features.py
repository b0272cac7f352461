"""``fraudline features``: every feature of every transaction of a file, by any engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import cast

import click

from processing.commands.source_options import source_options
from processing.engines.job import ENGINES, EngineError, EngineName, FeatureJob, Summary


@click.command()
@source_options
@click.option(
    "--engine", type=click.Choice(ENGINES), default="embedded", show_default=True, help="What computes them."
)
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Parquet file to write."
)
@click.option(
    "--labels",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Parquet file of labels, instead of those of the source.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Only the first rows in event order.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def features(
    source: Path,
    columns: Path | None,
    engine: str,
    out: Path,
    labels: Path | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """Compute the model's features of every transaction and write them as Parquet.

    The file has the transaction's id and one column per feature, in event order. Every engine writes
    the same values, bit for bit.

    \b
    Example:
      fraudline generate --events 200000 --days 60 --out data/
      fraudline features --source data/ --out features.parquet
      fraudline features --source F.parquet --columns map.toml --engine spark --out features.parquet
    """
    job = FeatureJob(source, columns, out, labels, limit)
    try:
        summary = _engine(cast(EngineName, engine))(job)
    except EngineError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(summary.as_dict(), indent=2))
        return
    cpu = "" if summary.cpu_seconds is None else f", {summary.cpu_seconds:.1f} s of CPU"
    click.echo(
        f"{summary.rows:,} transactions of {summary.users:,} users at {summary.merchants:,} merchants "
        f"in {summary.seconds:.1f} s{cpu} ({summary.rows_per_second:,.0f}/s)"
    )
    click.echo(f"  {summary.out}")


def _engine(name: EngineName) -> Callable[[FeatureJob], Summary]:
    run: Callable[[FeatureJob], Summary] = import_module(f"processing.engines.{name}").run
    return run
