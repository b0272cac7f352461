"""``fraudline parity``: do two ways to compute the features agree, bit for bit?"""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from feature_groups.names import Names
from pipelines.commands.models import environment_option, json_option, reports_errors
from processing.commands import target
from processing.engines.job import EngineError, FeatureJob
from processing.parity.picture import draw
from processing.parity.replay import SIDES, replay
from processing.parity.report import Parity
from processing.parity.rows import TableError
from processing.parity.served import ServedParity, compare_served
from processing.parity.served.collect import Clients, Collector
from processing.parity.served.compare import LAG_MS

_EXISTING = click.Path(path_type=Path, exists=True)
_SIDE = f"{', '.join(SIDES)}, or a Parquet file of features."


@click.command()
@click.option("--left", help=f"One side: {_SIDE}")
@click.option("--right", help="The other side, likewise.")
@click.option(
    "--source", type=_EXISTING, help="The log that the engines replay: a file, or a generated folder."
)
@click.option("--columns", type=_EXISTING, help="The file's column map (docs/column-maps.md).")
@click.option("--labels", type=_EXISTING, help="Parquet file of labels, instead of those of the source.")
@click.option("--limit", type=click.IntRange(min=1), help="Only the first events, or the newest decisions.")
@click.option("--served", is_flag=True, help="Compare what the endpoint served with the batch.")
@click.option(
    "--since", help="Of the served, from this moment on (ISO-8601 UTC); default: the last 24 hours."
)
@click.option("--lag", type=click.FloatRange(min=0), default=LAG_MS / 1000, show_default=True,
              help="Seconds after its arrival at which an input has to be in the records.")  # fmt: skip
@click.option("--settle", type=click.FloatRange(min=0), default=120.0, show_default=True,
              help="Seconds after which the lake has everything a decision depends on.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path, file_okay=False),
              help="Folder for parity.json, parity.svg and the engines' tables.")  # fmt: skip
@environment_option
@json_option
@reports_errors
def parity(
    left: str | None,
    right: str | None,
    source: Path | None,
    columns: Path | None,
    labels: Path | None,
    limit: int | None,
    served: bool,
    since: str | None,
    lag: float,
    settle: float,
    out: Path | None,
    names: Names,
    as_json: bool,
) -> None:
    """Compare features bit for bit; exit code 1 on any difference that nothing explains.

    \b
    Example:
      fraudline parity --left embedded --right spark --source F.parquet --columns map.toml
      fraudline parity --left embedded --right features.parquet --source data/
      fraudline parity --served --since 2026-03-01T00:00:00Z
    """
    if served:
        if left or right or source:
            raise click.UsageError(
                "--served compares the endpoint with the batch: leave out --left and --right"
            )
        _finish(_served(names, since, limit, lag, settle), out, as_json)
        return
    if left is None or right is None:
        raise click.UsageError("name the two sides with --left and --right, or use --served")
    job = None if source is None else FeatureJob(source, columns, Path(), labels, limit)
    try:
        _finish(replay(left, right, job, out), out, as_json)
    except (EngineError, TableError, FileNotFoundError) as error:
        raise click.ClickException(str(error)) from error


def _served(names: Names, since: str | None, limit: int | None, lag: float, settle: float) -> ServedParity:
    aws = target.resolve()
    click.echo(f"Talking to {aws.description}", err=True)
    collector = Collector(Clients.of(aws.client), names)
    decisions = collector.decisions(_milliseconds(since), limit)
    lag_ms = round(lag * 1000)
    settled_ms = round((time.time() - settle) * 1000)
    inputs = collector.inputs(decisions, lag_ms)
    return compare_served(decisions, inputs, lag_ms=lag_ms, settled_ms=settled_ms)


def _milliseconds(since: str | None) -> int:
    if since is None:
        return round((datetime.now(UTC) - timedelta(hours=24)).timestamp() * 1000)
    try:
        moment = datetime.fromisoformat(since)
    except ValueError:
        raise click.BadParameter(
            f"{since!r}: write it like 2026-03-01T00:00:00Z", param_hint="--since"
        ) from None
    return round((moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment).timestamp() * 1000)


def _finish(result: Parity | ServedParity, out: Path | None, as_json: bool) -> None:
    document = json.dumps(result.as_dict(), indent=2)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / "parity.json").write_text(document + "\n", encoding="utf-8")
        picture = draw(result) if isinstance(result, Parity) else result.picture()
        (out / "parity.svg").write_text(picture, encoding="utf-8")
    click.echo(document if as_json else "\n".join(result.lines()))
    equal = result.equal if isinstance(result, Parity) else result.ok
    sys.exit(0 if equal else 1)
