"""``fraudline explain``: why a past decision was made."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import click
import msgspec

from feature_groups.names import Names
from inference.commands import places
from inference.decision_log import explanation
from inference.decision_log.past import PastDecision
from inference.decision_log.past.decision import Source, SourceError
from inference.decision_log.past.spools import SpoolFolder

_DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.argument("identifier", metavar="ID")
@click.option("--spool", type=click.Path(path_type=Path), help="Look in a spool that is not delivered yet.")
@click.option("--day", type=_DAY, help="UTC day of the decision; spares a search of all days.")
@click.option("--features", is_flag=True, help="Show every feature, with what it added to the score.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write a page to this file.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@places.place_options
def explain(
    identifier: str,
    spool: Path | None,
    day: datetime | None,
    features: bool,
    html: Path | None,
    as_json: bool,
    names: Names,
    audit: str | None,
    dsn: str | None,
) -> None:
    """Show a past decision with its reasons, from the audit record. ID is a decision's or a transaction's.

    Of several decisions on a transaction the last is shown, and JSON has all. Without --day a transaction
    is searched in every day of the audit, the newest first; a decision's id says its day itself.

    \b
    Example:
      fraudline explain d-19ca9650969-5f0c9a1e-2f
      fraudline explain TRANSACTION --day 2026-11-27 --html decision.html
    """
    try:
        found = _source(spool, None if day is None else day.date(), names, audit, dsn).find(identifier)
    except SourceError as error:
        raise click.ClickException(str(error)) from error
    if not found:
        raise click.ClickException(_not_found(identifier, day is not None))
    if html is not None:
        html.write_text(explanation.page(found[0]), encoding="utf-8")
        click.echo(f"{html}: {found[0].decision_id}", err=as_json)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode([_document(one) for one in found]), indent=2))
    elif html is None:
        click.echo("\n".join(explanation.lines(found[0], features=features)))
        if len(found) > 1:
            click.echo(f"\n{len(found)} decisions on this transaction; --json shows all")


def _source(spool: Path | None, day: date | None, names: Names, audit: str | None, dsn: str | None) -> Source:
    if spool is not None:
        return SpoolFolder(spool)
    if dsn is not None and audit is None:
        from inference.decision_log.past.postgres import Postgres

        return Postgres(dsn)
    return places.audit(audit, names, None if day is None else (day, day))


def _document(past: PastDecision) -> dict[str, object]:
    document: dict[str, object] = msgspec.to_builtins(past)
    return document | {"bias": past.bias}


def _not_found(identifier: str, with_day: bool) -> str:
    hint = "try another --day, or none" if with_day else "check the id"
    return (
        f"no decision or transaction {identifier!r}: {hint}. The audit has a decision about a minute after "
        "it was made; before that, --spool FOLDER of the server's instance has it"
    )
