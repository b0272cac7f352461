"""``fraudline decisions``: what decisions were worth, by what their transactions turned out to be."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pyarrow as pa
from click.core import ParameterSource
from rich.console import Console

from feature_groups.names import Names
from inference.commands import places
from inference.commands.moments import Moment
from inference.decision_log.outcomes.join import COLUMNS, joined
from inference.decision_log.outcomes.labels import read_labels
from inference.decision_log.outcomes.picture import draw
from inference.decision_log.outcomes.report import Outcomes, as_dict, measure
from inference.decision_log.outcomes.text import table
from inference.decision_log.past.decision import SourceError
from processing.costs import DEFAULTS, CostError, costs
from processing.lake.audit import SHADOW_AUDIT_PREFIX
from processing.lake.keys import LABEL_PREFIX

_COSTS = ", ".join(f"{'/'.join(cell)}={cost}" for cell, cost in DEFAULTS.items())


@click.command()
@click.option("--since", type=Moment(), required=True, help="Decisions from then on: a time, 24h, 7d.")
@click.option("--until", type=Moment(), help="Decisions before then; default: now.")
@click.option(
    "--labels", metavar="URI", help="s3://bucket/prefix, a folder or a Parquet file; default: the lake's."
)
@click.option(
    "--settle-days",
    type=click.IntRange(0, 365),
    default=7,
    show_default=True,
    help="A transaction without a label is legitimate after so many days, and open before.",
)
@click.option(
    "--cost",
    "changes",
    multiple=True,
    metavar="DECISION/TRUTH=FIXED+PARTx",
    help=f"A cell of the cost matrix, part of the amount with an x; may be repeated. Default: {_COSTS}",
)
@click.option(
    "--shadow-as",
    type=click.Choice(["review", "decline"]),
    default="decline",
    show_default=True,
    help="What shadow rules would have decided.",
)
@click.option("--shadow", is_flag=True, help="What the shadow variant would have decided (from the audit).")
@click.option("--svg", type=click.Path(path_type=Path, dir_okay=False), help="Draw it into this file.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@places.place_options
def decisions(
    since: datetime,
    until: datetime | None,
    labels: str | None,
    settle_days: int,
    changes: tuple[str, ...],
    shadow_as: str,
    shadow: bool,
    svg: Path | None,
    as_json: bool,
    names: Names,
    audit: str | None,
    dsn: str | None,
) -> None:
    """Join past decisions with their labels: precision, recall and money saved, by decision, rule and model.

    Of several decisions on a transaction the last counts. An alarm is a review or a decline; of a rule it is
    whatever it matched. Money saved is against approving everything, each currency by itself.

    \b
    Example:
      fraudline decisions --since 30d --json
      fraudline decisions --since 7d --shadow
      fraudline decisions --since 2026-11-01 --until 2026-11-15 --cost review/legitimate=4 --svg saved.svg
    """
    given = click.get_current_context().get_parameter_source("dsn")
    if shadow and given is ParameterSource.COMMANDLINE:
        raise click.UsageError("--shadow: the shadow's decisions are in the audit only; leave out --postgres")
    now = datetime.now(UTC)
    until = now if until is None else until
    if since >= until:
        raise click.UsageError(
            f"--since {since:%Y-%m-%dT%H:%M:%SZ} is not before --until {until:%Y-%m-%dT%H:%M:%SZ}"
        )
    try:
        matrix = costs(changes)
        if shadow:
            made = places.audit(audit, names, prefix=SHADOW_AUDIT_PREFIX).table(since, until, COLUMNS)
        else:
            made = _decisions(since, until, names, audit, dsn)
        known = read_labels(
            places.lake_objects(labels, names, LABEL_PREFIX),
            made["transaction_id"],
            since.astimezone(UTC).date(),
        )
    except CostError as error:
        raise click.BadParameter(str(error), param_hint="--cost") from error
    except SourceError as error:
        raise click.ClickException(str(error)) from error
    frame = joined(made, known, now - timedelta(days=settle_days))
    found = measure(frame, matrix, since=since, until=until, decisions=made.num_rows, shadow_as=shadow_as)
    if svg is not None:
        svg.write_text(draw(found), encoding="utf-8")
    if as_json:
        click.echo(json.dumps(as_dict(found), indent=2))
        return
    console = Console()
    console.print(table(found))
    console.print(_account(found), style="dim")


def _account(found: Outcomes) -> str:
    matrix = ", ".join(f"{cell}={cost}" for cell, cost in found.costs.items())
    shadow = f" Shadow rules: as if each had said {found.shadow_as}." if found.by_rule.shadow else ""
    return (
        f"{found.decisions:,} decisions on {found.transactions:,} transactions, {found.labelled:,} with a "
        f"label, {found.overall.open:,} still open. "
        f"Saved: against approving everything.{shadow} Costs: {matrix}"
    )


def _decisions(
    since: datetime, until: datetime, names: Names, audit: str | None, dsn: str | None
) -> pa.Table:
    if dsn is not None and audit is None:
        from inference.decision_log.past.postgres import Postgres

        return Postgres(dsn).table(since, until, COLUMNS)
    return places.audit(audit, names).table(since, until, COLUMNS)
