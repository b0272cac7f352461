"""``fraudline pipeline``: run the nightly pipeline now, and see how it went."""

from __future__ import annotations

import json
import sys

import click

from feature_groups.names import Names
from pipelines.commands import executions
from pipelines.commands.executions import Execution, ExecutionError, Step
from pipelines.commands.models import environment_option, json_option, reports_errors
from processing.commands import target

_MARKS = {"Succeeded": "✓", "Failed": "✗", "Stopped": "■", "Executing": "▸", "Starting": "·"}


@click.group()
def pipeline() -> None:
    """Run the nightly pipeline and follow its steps.

    \b
    Example:
      fraudline pipeline run --as-of 2026-03-01T02:00:00Z -p MinimumAuc=0.9
    """


@pipeline.command()
@click.option("--as-of", help="Moment after which nothing is known (ISO-8601 UTC); default: now.")
@click.option("-p", "--parameter", "parameters", multiple=True, metavar="NAME=VALUE",
              help="Any other parameter of the pipeline.")  # fmt: skip
@click.option("--wait/--no-wait", default=True, show_default=True, help="Follow the steps until the end.")
@environment_option
@json_option
@reports_errors
def run(as_of: str | None, parameters: tuple[str, ...], wait: bool, names: Names, as_json: bool) -> None:
    """Start an execution and follow it; exit code 1 unless it succeeds.

    \b
    Example:
      fraudline pipeline run -p HistoryDays=60
    """
    values = _parse(parameters)
    if as_of:
        values["AsOf"] = as_of
    aws = target.resolve()
    click.echo(f"Talking to {aws.description}", err=True)
    sagemaker = aws.client("sagemaker")
    try:
        arn = executions.start(sagemaker, names.pipeline, values)
    except ExecutionError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Started {arn}", err=True)
    if not wait:
        _finish(executions.describe(sagemaker, arn), as_json)
        return
    for _, step in executions.changes(executions.follow(sagemaker, arn)):
        click.echo(line(step), err=as_json)
    last = executions.describe(sagemaker, arn)
    _finish(last, as_json)
    sys.exit(0 if last.status == "Succeeded" else 1)


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
    if not as_json:
        for step in execution.steps:
            click.echo(line(step))
    _finish(execution, as_json)


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


def _finish(execution: Execution, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(execution.as_dict(), indent=2))
    else:
        reason = f": {execution.failure}" if execution.failure else ""
        click.echo(f"{execution.status}{reason}")
