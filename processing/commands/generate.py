"""``fraudline generate``: a synthetic data set as Parquet files."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import click

from processing.generator import Scenario
from processing.generator import generate as make
from processing.generator.scenario import DEFAULT_START


@click.command()
@click.option("--events", default=Scenario.events, show_default=True, help="Transactions in total.")
@click.option("--days", default=Scenario.days, show_default=True, help="Length of the period.")
@click.option("--seed", default=Scenario.seed, show_default=True, help="Equal seeds give equal files.")
@click.option("--users", default=0, help="Card holders; 0 derives a number from --events.")
@click.option("--merchants", default=0, help="Merchants; 0 derives a number from the users.")
@click.option("--fraud-rate", default=Scenario.fraud_rate, show_default=True, help="Share of frauds.")
@click.option(
    "--start",
    type=click.DateTime(["%Y-%m-%d"]),
    default=f"{DEFAULT_START:%Y-%m-%d}",
    show_default=True,
    help="First day (UTC).",
)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder for the files."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def generate(
    events: int,
    days: int,
    seed: int,
    users: int,
    merchants: int,
    fraud_rate: float,
    start: datetime,
    out: Path,
    as_json: bool,
) -> None:
    """Generate transactions, labels, users and the truth as Parquet files.

    \b
    Example:
      fraudline generate --events 200000 --days 60 --seed 1 --out data/
      fraudline demo --source data/
    """
    try:
        scenario = Scenario(events, days, seed, start.replace(tzinfo=UTC), users, merchants, fraud_rate)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    began = time.perf_counter()
    dataset = make(scenario)
    seconds = time.perf_counter() - began
    files = dataset.write(out)
    result = {
        "transactions": dataset.transactions.num_rows,
        "labels": dataset.labels.num_rows,
        "users": scenario.user_count,
        "start": dataset.start.isoformat(),
        "end": dataset.end.isoformat(),
        "events_per_second": round(scenario.events / seconds),
        "files": [str(file) for file in files],
    }
    if as_json:
        click.echo(json.dumps(result, indent=2))
        return
    click.echo(
        f"{scenario.events:,} transactions of {scenario.user_count:,} users over {days} days "
        f"in {seconds:.1f} s ({scenario.events / seconds:,.0f} events/s)"
    )
    for file in files:
        click.echo(f"  {file}")
