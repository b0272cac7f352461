"""``fraudline demo``: the whole platform in a few minutes."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from feature_groups.names import Names
from mirror.cloud import DEFAULT_PORT
from mirror.commands import options
from mirror.demo.phases import demonstrate
from mirror.demo.run import DemoError, Options, Run
from mirror.demo.screen import Screen


@click.command()
@click.option("--source", type=click.Path(path_type=Path, exists=True),
              help="Parquet or CSV file (with --columns), or a folder of `fraudline generate`.")  # fmt: skip
@click.option("--columns", type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help="Column map of the source; see docs/column-maps.md.")  # fmt: skip
@click.option(
    "--days", default=60, show_default=True, help="Length of the data; of a source, its first days."
)
@click.option("--events", default=120_000, show_default=True, help="Transactions to generate.")
@click.option("--live-events", type=click.IntRange(min=1), default=1_000, show_default=True,
              help="Most transactions of the live phase.")  # fmt: skip
@click.option("--seed", default=7, show_default=True, help="Equal seeds generate equal data.")
@click.option("--port", default=DEFAULT_PORT, show_default=True, help="Port of the mirror; 0 picks one.")
@click.option("--keep", is_flag=True, help="Leave the mirror running, to look around.")
@options.state_dir
@options.as_json
def demo(
    source: Path | None,
    columns: Path | None,
    days: int,
    events: int,
    live_events: int,
    seed: int,
    port: int,
    keep: bool,
    state_dir: Path,
    as_json: bool,
) -> None:
    """Take transactions through the whole platform: deploy, ingest, train, approve, decide.

    Starts from nothing: the mirror's state directory is deleted first. Exit code 1 when a phase fails
    or the counts do not add up.

    \b
    Example:
      fraudline demo
      fraudline demo --source transactions.parquet --columns docs/column-maps/handbook.toml
    """
    chosen = Options(source, columns, days, events, seed, live_events, port, state_dir, keep)
    try:
        names = Names.from_environ()
    except ValueError as error:
        raise click.UsageError(f"FRAUDLINE_ENVIRONMENT: {error}") from error
    run = Run(chosen, Screen(to_stderr=as_json), names)
    failure: DemoError | None = None
    try:
        demonstrate(run)
    except DemoError as error:
        failure = error
    finally:
        if not keep:
            run.mirror.stop()
    if as_json:
        document = {
            "succeeded": failure is None,
            "failure": failure and str(failure),
            **run.results.as_dict(),
        }
        click.echo(json.dumps(document, indent=2))
    if failure is not None:
        run.screen.console.print(f"\n[bold red]The demonstration failed.[/] {failure}", soft_wrap=True)
        if failure.log is not None:
            run.screen.console.print(f"More is in {failure.log}", soft_wrap=True)
        sys.exit(1)
    run.screen.console.print(_farewell(run), soft_wrap=True)


def _farewell(run: Run) -> str:
    if run.options.keep:
        return (
            f"\nThe mirror keeps running at {run.mirror.endpoint_url}. Look around:  "
            'eval "$(fraudline env)" && aws sagemaker list-model-packages '
            f"--model-package-group-name {run.names.model_package_group}\nStop it with: fraudline down"
        )
    return "\nThe mirror is stopped, its state stays: `fraudline up` brings it back as it was."
