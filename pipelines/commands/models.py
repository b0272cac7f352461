"""``fraudline models``: review what the pipeline registered."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

import click
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.table import Table

from feature_groups.names import Names
from pipelines.commands import registry, rollout
from pipelines.commands.registry import ModelVersion, RegistryError
from processing.commands import target

_COLUMNS = {
    "auc": "AUC",
    "average_precision": "average precision",
    "card_precision_at_100": "card precision@100",
    "recall_at_fpr_1pct": "recall at 1 % FPR",
}


def _names(_context: click.Context, _option: click.Parameter, environment: str) -> Names:
    try:
        return Names(environment)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


environment_option = click.option(
    "--environment",
    "names",
    default="dev",
    envvar="FRAUDLINE_ENVIRONMENT",
    show_default=True,
    callback=_names,
    help="Which deployment.",
)
type_option = click.option(
    "--type",
    "fraud_type",
    help="Whose models, on an endpoint with one for each fraud type (endpoint_mode=multi-model).",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


def reports_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Turn what can go wrong into one line and exit code 1."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except RegistryError as error:
            raise click.ClickException(str(error)) from error
        except (BotoCoreError, ClientError) as error:
            raise click.ClickException(
                f"{error}. Is the mirror up (`fraudline status`), or are AWS credentials set?"
            ) from error

    return wrapped


@click.group()
def models() -> None:
    """List, inspect, approve and reject registered models. VERSION is a number, an ARN or 'latest'.

    \b
    Example:
      fraudline models list
      fraudline models approve latest --comment "AUC 0.97, reviewed with the fraud team"
    """


@models.command("list")
@environment_option
@type_option
@json_option
@reports_errors
def list_(names: Names, fraud_type: str | None, as_json: bool) -> None:
    """Show every version, newest first.

    \b
    Example:
      fraudline models list --json
    """
    aws = target.resolve()
    versions = registry.list_versions(aws.client("sagemaker"), _group(names, fraud_type))
    if as_json:
        click.echo(json.dumps([version.as_dict() for version in versions], indent=2))
        return
    table = Table("version", "status", "created", *_COLUMNS.values())
    for version in versions:
        figures = [version.summary.get(name, "") for name in _COLUMNS]
        table.add_row(str(version.version), version.verdict, f"{version.created:%Y-%m-%d %H:%M}", *figures)
    console = Console()
    console.print(table if versions else "No models are registered yet: `fraudline pipeline run`")
    console.print(f"[dim]{aws.description}[/dim]")


@models.command()
@click.argument("version", default="latest")
@environment_option
@type_option
@json_option
@reports_errors
def show(version: str, names: Names, fraud_type: str | None, as_json: bool) -> None:
    """Show one version with its evaluation report; --json prints its model card too.

    \b
    Example:
      fraudline models show 3
    """
    aws = target.resolve()
    found = registry.find(aws.client("sagemaker"), _group(names, fraud_type), version)
    if as_json:
        full = registry.report(aws.client("s3"), found) if found.report_uri else None
        card = json.loads(found.card["ModelCardContent"]) if found.card else None
        click.echo(json.dumps({**found.as_dict(), "evaluation": full, "card": card}, indent=2))
        return
    _print(found)
    click.echo(f"({aws.description})")


@models.command()
@click.argument("version")
@click.option("--comment", default="", help="Why; kept with the model.")
@click.option("--shadow", is_flag=True, help="Decide a share of the requests too; nobody is told what.")
@click.option("--wait/--no-wait", default=False, show_default=True, help="Follow it until it serves.")
@click.option(
    "--timeout", default=2700, show_default=True, type=click.IntRange(1), help="Longest wait, seconds."
)
@environment_option
@type_option
@json_option
@reports_errors
def approve(
    version: str,
    comment: str,
    shadow: bool,
    wait: bool,
    timeout: int,
    names: Names,
    fraud_type: str | None,
    as_json: bool,
) -> None:
    """Approve a version: the deployment rule then brings it to the endpoint.

    With --wait the exit code is 1 when an alarm rolls the deployment back, and the alarm is named.
    With --shadow it decides the setting's shadow_percent of the requests beside the model that answers;
    approving it once more without promotes it.

    \b
    Example:
      fraudline models approve latest --comment "reviewed with the fraud team" --wait
      fraudline models approve 7 --shadow --comment "first a week beside 6"
    """
    if wait and (shadow or fraud_type):
        raise click.UsageError("--wait follows the one model that answers: leave out --shadow and --type")
    if shadow and fraud_type:
        raise click.UsageError("--shadow: an endpoint with a model for each --type has no shadow")
    group = _group(names, fraud_type)
    if shadow:
        _check_shadow(version, names)
    if not wait:
        _decide(version, registry.APPROVED, comment, group, as_json, shadow=shadow)
        return
    sagemaker = target.resolve().client("sagemaker")
    try:
        before = rollout.look(sagemaker, names.endpoint)
        decided = _decide(version, registry.APPROVED, comment, group, as_json)
        rollout.follow(
            sagemaker,
            names.endpoint,
            decided.arn,
            before,
            timeout_s=timeout,
            tell=lambda line: click.echo(line, err=True),
        )
    except rollout.RolloutError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Version {decided.version} serves.", err=as_json)


@models.command()
@click.argument("version")
@click.option("--comment", required=True, help="Why; kept with the model.")
@environment_option
@type_option
@json_option
@reports_errors
def reject(version: str, comment: str, names: Names, fraud_type: str | None, as_json: bool) -> None:
    """Reject a version: it is never served, and if it was, it is withdrawn.

    \b
    Example:
      fraudline models reject 4 --comment "recall fell for card testing"
    """
    _decide(version, registry.REJECTED, comment, _group(names, fraud_type), as_json)


def _check_shadow(version: str, names: Names) -> None:
    """A shadow answers nobody, so it is not the version that answers now."""
    sagemaker = target.resolve().client("sagemaker")
    wanted = registry.find(sagemaker, names.model_package_group, version)
    try:
        serving = rollout.look(sagemaker, names.endpoint)
    except rollout.RolloutError:
        return  # nothing answers yet
    if serving.package == wanted.arn:
        raise click.ClickException(
            f"version {wanted.version} is the one that answers: approve another one before this as shadow"
        )
    click.echo("It decides where FRAUDLINE_SHADOW_PERCENT of the deployment is above 0.", err=True)


def _group(names: Names, fraud_type: str | None) -> str:
    return names.model_package_group if fraud_type is None else names.model_package_group_of(fraud_type)


def _decide(
    version: str, status: str, comment: str, group: str, as_json: bool, *, shadow: bool = False
) -> ModelVersion:
    aws = target.resolve()
    click.echo(f"Talking to {aws.description}", err=True)
    sagemaker = aws.client("sagemaker")
    found = registry.find(sagemaker, group, version)
    reviewer = registry.caller(aws.client("sts"))
    decided = registry.decide(sagemaker, found, status, comment, reviewer=reviewer, shadow=shadow)
    if as_json:
        click.echo(json.dumps(decided.as_dict(), indent=2))
    else:
        said = f": {decided.comment}" if decided.comment else ""
        click.echo(f"Version {decided.version} is now {decided.verdict} by {decided.reviewer}{said}")
    return decided


def _print(version: ModelVersion) -> None:
    table = Table(show_header=False, box=None)
    table.add_row("version", str(version.version))
    table.add_row("status", version.verdict)
    table.add_row("created", f"{version.created:%Y-%m-%d %H:%M:%S}")
    table.add_row("comment", version.comment or "")
    table.add_row("reviewer", version.reviewer or "")
    for name, value in version.summary.items():
        table.add_row(_COLUMNS.get(name, name.replace("_", " ")), value)
    table.add_row("report", version.report_uri or "")
    table.add_row("model", version.model_uri or "")
    table.add_row(
        "model card",
        f"{version.card_status}; the package's ModelCard, see --json" if version.card else "none",
    )
    Console(soft_wrap=True).print(table)
