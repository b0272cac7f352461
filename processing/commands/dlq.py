"""``fraudline dlq``: what was not applied, why, and putting it back."""

from __future__ import annotations

import json
import os
from datetime import datetime
from heapq import nlargest

import click

from feature_groups.names import DEAD_LETTERS, Names
from processing.commands import target
from processing.commands.dlq_options import (
    environment_option,
    json_option,
    reports_errors,
    selects,
    since_option,
)
from processing.commands.dlq_text import letter_lines, summary_lines
from processing.dead_letters.journal import Journal
from processing.dead_letters.letters import KINDS, stream_of
from processing.dead_letters.payloads import payload, readable
from processing.dead_letters.reading import arrival, in_order, letters
from processing.dead_letters.replay import replay as put_back
from processing.dead_letters.replay import settle
from processing.dead_letters.selection import Selection
from processing.dead_letters.summary import summarise, transactions_read
from processing.schemas.registry import glue_definitions


@click.group()
def dlq() -> None:
    """List, show and replay the records that the stream consumer did not apply.

    \b
    Example:
      fraudline dlq list
      fraudline dlq show --kind schema-errors --last 3
      fraudline dlq replay --kind schema-errors --field currency --dry-run
    """


@dlq.command("list")
@since_option
@environment_option
@json_option
@reports_errors
def list_(since: datetime, names: Names, as_json: bool) -> None:
    """Count dead letters and late records, by stream and by reason.

    The rate is that of all dead letters per transaction that the consumer read in the same time; late
    records are not part of it, because they are applied: in the lake and the batch features.

    \b
    Example:
      fraudline dlq list --since 14d
      fraudline dlq list --json | jq '.kinds[] | select(.count > 0)'
    """
    aws = target.resolve()
    unreadable: list[str] = []
    kinds = summarise(letters(aws.client("kinesis"), names, KINDS, since, unreadable))
    dead = sum(kind.count for kind in kinds if kind.kind in DEAD_LETTERS)
    read = transactions_read(aws.client("cloudwatch"), names, since)
    rate = 100 * dead / read if read else None
    if as_json:
        result = {
            "since": since.isoformat(),
            "dead_letters": dead,
            "transactions_read": read,
            "rate_percent": rate,
            "kinds": [{**kind.as_dict(), "stream": stream_of(names, kind.kind)} for kind in kinds],
            "unreadable": unreadable,
        }
        click.echo(json.dumps(result, indent=2))
        return
    _warn(unreadable)
    click.echo("\n".join(summary_lines(kinds, dead, read)))
    click.echo(f"since {since:%Y-%m-%d %H:%M} UTC, from {aws.description}")


@dlq.command()
@click.argument("id_", metavar="[ID]", required=False)
@click.option("--kind", "kinds", type=click.Choice(KINDS), multiple=True, help="Only this kind; repeatable.")
@selects
@click.option("--last", "count", type=click.IntRange(1), default=1, show_default=True, help="How many.")
@since_option
@environment_option
@json_option
@reports_errors
def show(
    id_: str | None,
    kinds: tuple[str, ...],
    reason: str,
    field: str | None,
    first: int | None,
    last: int | None,
    ids: tuple[str, ...],
    count: int,
    since: datetime,
    names: Names,
    as_json: bool,
) -> None:
    """Show the newest letters, or the one called ID: why, where from, and the original bytes.

    JSON is indented, Avro decoded with the schema it was written with, anything else dumped.

    \b
    Example:
      fraudline dlq show
      fraudline dlq show --kind incomplete --last 5
      fraudline dlq show 49645123456789 --json
    """
    aws = target.resolve()
    selection = Selection(reason, field, first, last, (*ids, id_) if id_ else ids)
    unreadable: list[str] = []
    found = letters(aws.client("kinesis"), names, kinds or KINDS, since, unreadable)
    chosen = in_order(nlargest(count, filter(selection.matches, found), key=arrival))
    s3, definitions = aws.client("s3"), glue_definitions(aws.client("glue"))
    shown = []
    for letter in chosen:
        data = payload(s3, letter)
        form, text = readable(data, definitions)
        shown.append((letter, form, text))
    if as_json:
        result = [{**letter.as_dict(), "format": form, "readable": text} for letter, form, text in shown]
        click.echo(json.dumps(result, indent=2))
    else:
        _warn(unreadable)
        for letter, form, text in shown:
            click.echo("\n".join(letter_lines(letter, form, text)) + "\n")
    if not shown:
        raise click.ClickException("no such letter; look further back with --since, up to 14d")


@dlq.command()
@click.option(
    "--kind", "kinds", type=click.Choice(DEAD_LETTERS), multiple=True, help="Only this kind; repeatable."
)
@selects
@click.option("--all", "everything", is_flag=True, help="Every letter, without a condition.")
@click.option("--dry-run", is_flag=True, help="Say what would be sent, and send nothing.")
@since_option
@environment_option
@json_option
@reports_errors
def replay(
    kinds: tuple[str, ...],
    reason: str,
    field: str | None,
    first: int | None,
    last: int | None,
    ids: tuple[str, ...],
    everything: bool,
    dry_run: bool,
    since: datetime,
    names: Names,
    as_json: bool,
) -> None:
    """Put letters' original bytes back on the streams they came from, each once.

    They keep their partition key, marked so that the consumer accepts them at any age. What was sent is noted
    in the lake: the same command again sends only what is missing, also after it was interrupted. Run one
    replay at a time. Duplicates are replayed only when --kind or --id names them, because the first of each
    was applied. Late records were applied already and are never replayed.

    \b
    Example:
      fraudline dlq replay --kind processing-errors --dry-run
      fraudline dlq replay --reason "is unknown" --since 14d
      fraudline dlq replay --id 49645123456789
    """
    selection = Selection(reason, field, first, last, ids)
    if not (everything or kinds or selection != Selection()):
        raise click.UsageError("say which letters: --kind, --reason, --field, a sequence, --id, or --all")
    harmless = tuple(kind for kind in DEAD_LETTERS if kind != "duplicates")
    aws = target.resolve()
    kinesis, s3 = aws.client("kinesis"), aws.client("s3")
    journal, unreadable = Journal(s3, _bucket(aws, names)), list[str]()
    past = journal.past(since)
    doubtful = past.open_ids
    found = in_order(
        letter
        for letter in letters(kinesis, names, kinds or (DEAD_LETTERS if ids else harmless), since, unreadable)
        if selection.matches(letter) or letter.id in doubtful
    )
    done = settle(kinesis, s3, journal, past, found)
    selected = [letter for letter in found if selection.matches(letter)]
    wanted = [letter for letter in selected if letter.id not in done]
    before, sent = len(selected) - len(wanted), 0
    if not dry_run:
        with click.progressbar(length=len(wanted), label="Replaying", hidden=as_json or not wanted) as bar:
            sent = put_back(kinesis, s3, journal, wanted, bar.update)
    if as_json:
        result = {
            "dry_run": dry_run,
            "selected": len(selected),
            "already_replayed": before,
            "replayed": sent,
            "ids": [letter.id for letter in wanted],
        }
        click.echo(json.dumps(result, indent=2))
        return
    _warn(unreadable)
    what = f"{len(wanted)} would be replayed" if dry_run else f"{sent} replayed"
    click.echo(f"{len(selected)} selected, {before} replayed before, {what} ({aws.description})")


def _warn(unreadable: list[str]) -> None:
    for line in unreadable:
        click.echo(f"Warning: {line}", err=True)


def _bucket(aws: target.Target, names: Names) -> str:
    """The lake, by its variable or by the name that deployments give it."""
    named = os.environ.get("FRAUDLINE_LAKE_BUCKET")
    if named:
        return named
    sts = aws.client("sts")
    return names.lake_bucket(sts.get_caller_identity()["Account"], sts.meta.region_name)
