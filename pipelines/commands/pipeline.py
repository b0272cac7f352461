"""``fraudline pipeline``: run the nightly pipeline now, and see how it went."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Any

import click

from feature_groups.names import Names
from pipelines.commands import executions, nights
from pipelines.commands.executions import Execution, ExecutionError, Step
from pipelines.commands.models import environment_option, json_option, reports_errors
from processing.commands import target

_MARKS = {"Succeeded": "✓", "Failed": "✗", "Stopped": "■", "Executing": "▸", "Starting": "·"}


@click.group()
def pipeline() -> None:
    """Run the nightly pipeline and follow its steps.

    \b
    Example:
      fraudline pipeline run --as-of 2026-03-01 -p MinimumAuc=0.9
    """


wait_option = click.option(
    "--wait/--no-wait", default=True, show_default=True, help="Follow the steps until the end."
)


@pipeline.command()
@click.option("--as-of", metavar="NIGHT",
              help="The night: a date (its 02:00 UTC) or a moment; default: the newest.")  # fmt: skip
@click.option("--catch-up", type=click.IntRange(1, 366), metavar="N",
              help="Every night of the last N that no execution has finished, the oldest first.")  # fmt: skip
@click.option("-p", "--parameter", "parameters", multiple=True, metavar="NAME=VALUE",
              help="Any other parameter of the pipeline.")  # fmt: skip
@wait_option
@environment_option
@json_option
@reports_errors
def run(
    as_of: str | None,
    catch_up: int | None,
    parameters: tuple[str, ...],
    wait: bool,
    names: Names,
    as_json: bool,
) -> None:
    """Run a night and follow it; exit code 1 unless it succeeds. Run again, it replaces its training set.

    With --catch-up nights follow one another, the exit code is 1 if one of them does not succeed, and
    --json prints a list.

    \b
    Example:
      fraudline pipeline run --as-of 2026-03-01
      fraudline pipeline run --catch-up 7
    """
    if as_of is not None and catch_up:
        raise click.UsageError("--as-of is one night, --catch-up those that are missing: use one of them")
    values, now = _parse(parameters), datetime.now(UTC)
    if "AsOf" in values:
        raise click.BadParameter("AsOf names the night: use --as-of", param_hint="--parameter")
    aws = target.resolve()
    click.echo(f"Talking to {aws.description}", err=True)
    sagemaker = aws.client("sagemaker")
    try:
        if catch_up:
            chosen = nights.missed(sagemaker, names.pipeline, catch_up, now)
        else:
            newest = nights.name_of(nights.newest(now))
            chosen = [newest if as_of is None else nights.parse(as_of, now)]
    except nights.NightError as error:
        raise click.BadParameter(str(error), param_hint="--as-of") from error
    except ExecutionError as error:
        raise click.ClickException(str(error)) from error
    if not chosen:
        click.echo("No night is missing.", err=True)
    done = [_run(sagemaker, names.pipeline, {**values, "AsOf": night}, wait, as_json) for night in chosen]
    if as_json:
        documents = [execution.as_dict() for execution in done]
        click.echo(json.dumps(documents if catch_up else documents[0], indent=2))
    if wait and any(execution.status != "Succeeded" for execution in done):
        sys.exit(1)


@pipeline.command()
@click.argument("arn", required=False)
@wait_option
@environment_option
@json_option
@reports_errors
def retry(arn: str | None, wait: bool, names: Names, as_json: bool) -> None:
    """Go on with an execution that failed or was stopped, by default the newest: finished steps stay.

    \b
    Example:
      fraudline pipeline retry
    """
    sagemaker = target.resolve().client("sagemaker")
    try:
        found = arn or executions.latest(sagemaker, names.pipeline)
        executions.retry(sagemaker, found)
    except ExecutionError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Retrying {found}", err=True)
    last = _followed(sagemaker, found, wait, as_json)
    if as_json:
        click.echo(json.dumps(last.as_dict(), indent=2))
    if wait and last.status != "Succeeded":
        sys.exit(1)


@pipeline.command()
@click.argument("arn", required=False)
@environment_option
@json_option
@reports_errors
def status(arn: str | None, names: Names, as_json: bool) -> None:
    """Show the steps of an execution, by default of the newest.

    \b
    Example:
      fraudline pipeline status
    """
    sagemaker = target.resolve().client("sagemaker")
    try:
        found = arn or executions.latest(sagemaker, names.pipeline)
    except ExecutionError as error:
        raise click.ClickException(str(error)) from error
    execution = executions.describe(sagemaker, found)
    if as_json:
        click.echo(json.dumps(execution.as_dict(), indent=2))
        return
    for step in execution.steps:
        click.echo(line(step))
    _tell(execution)


def line(step: Step) -> str:
    """One step as one line of text."""
    seconds = "" if step.seconds is None else f"{step.seconds:6.1f} s"
    failure = f"  {step.failure}" if step.failure else ""
    return f"  {_MARKS.get(step.status, '?')} {step.name:<18} {step.status:<10} {seconds}{failure}".rstrip()


def _parse(parameters: tuple[str, ...]) -> dict[str, str]:
    values = {}
    for parameter in parameters:
        name, equals, value = parameter.partition("=")
        if not equals or not name:
            raise click.BadParameter(f"{parameter!r}: write NAME=VALUE", param_hint="--parameter")
        values[name] = value
    return values


def _run(sagemaker: Any, name: str, values: dict[str, str], wait: bool, as_json: bool) -> Execution:
    try:
        arn = executions.start(sagemaker, name, values)
    except ExecutionError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Started {arn} as of {values['AsOf']}", err=True)
    return _followed(sagemaker, arn, wait, as_json)


def _followed(sagemaker: Any, arn: str, wait: bool, as_json: bool) -> Execution:
    """The execution at its end, its steps told meanwhile; without `wait` as it is now."""
    if wait:
        for _, step in executions.changes(executions.follow(sagemaker, arn)):
            click.echo(line(step), err=as_json)
    last = executions.describe(sagemaker, arn)
    if not as_json:
        _tell(last)
    return last


def _tell(execution: Execution) -> None:
    reason = f": {execution.failure}" if execution.failure else ""
    click.echo(f"{execution.status}{reason}")
