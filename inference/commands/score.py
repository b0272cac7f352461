"""``fraudline score``: decide the transactions of a file, or of standard input."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from inference import lean_imports
from inference.settings import DEFAULT_POLICY

if TYPE_CHECKING:
    from inference.batch.scoring import BatchScorer, Route
    from inference.batch.writing import Writer
    from inference.predictions import Prediction

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_ROUTES = ("all", "realtime", "batch")
_STDIN = Path("-")


@click.command()
@click.option("--source", type=click.Path(path_type=Path, exists=True, allow_dash=True), required=True,
              help="A Parquet or CSV file, a folder that `fraudline generate` wrote, or - for JSON Lines on "
                   "standard input.")  # fmt: skip
@click.option("--columns", type=_FILE, help="The file's column map (docs/column-maps.md).")
@click.option("--model", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True,
              help="Folder of a model: model.ubj and bundle.json.")  # fmt: skip
@click.option("--model-version", help="What the decisions call it.")
@click.option("--policy", "policy_file", type=_FILE, default=DEFAULT_POLICY,
              show_default="the one that ships", help="Thresholds, rules and routes.")  # fmt: skip
@click.option("--route", type=click.Choice(_ROUTES), default="all", show_default=True,
              help="Decide only what the policy routes there; the rest makes history.")  # fmt: skip
@click.option("--since", type=click.DateTime(), help="Decide from this moment on (UTC).")
@click.option("--limit", type=click.IntRange(min=1), help="Only the first rows in event order.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False),
              help="A .parquet file, else JSON Lines. Default: standard output.")  # fmt: skip
@click.option(
    "--json", "as_json", is_flag=True, help="Print the summary as JSON, on standard error without --out."
)
def score(
    source: Path,
    columns: Path | None,
    model: Path,
    model_version: str | None,
    policy_file: Path,
    route: Route,
    since: datetime | None,
    limit: int | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Decide transactions as the endpoint does: the same features, model, policy and reasons.

    Each is decided as of its own time, with the earlier ones of the file as history. The exit code is 1
    when a line of standard input was refused; its error is on standard error.

    \b
    Example:
      fraudline score --source data/ --model model/ --out decisions.parquet
      fraudline score --source F.parquet --columns map.toml --model model/ --route batch --since 2026-03-01
      fraudline score --source - --model model/ < transactions.jsonl
    """
    lean_imports.prepare()
    from inference.batch.scoring import BatchScorer
    from inference.batch.writing import JsonLines, Parquet
    from inference.bundle import BundleError
    from inference.policy import PolicyError
    from processing.engines.job import EngineError

    if source == _STDIN and (columns or since or limit or route != "all"):
        raise click.UsageError("--columns, --since, --limit and --route need a file as --source")
    began = time.perf_counter()
    counted: Counter[str] = Counter()
    try:
        scorer = BatchScorer(model, policy_file, model_version)
        with ExitStack() as stack:
            writer: Writer
            if out is None:
                writer = JsonLines(sys.stdout.buffer)
            elif out.suffix == ".parquet":
                writer = stack.enter_context(Parquet(out))
            else:
                writer = JsonLines(stack.enter_context(out.open("wb")))
            parts = (
                _lines(scorer, counted)
                if source == _STDIN
                else _rows(scorer, source, columns, limit, since, route)
            )
            for records in parts:
                counted.update(record.decision for record in records)
                writer.write(records)
    except (PolicyError, BundleError, EngineError, ValueError, FileNotFoundError) as error:
        raise click.ClickException(str(error)) from error
    _report(counted, time.perf_counter() - began, as_json, to_stderr=out is None)
    if counted["refused"]:
        sys.exit(1)


def _rows(
    scorer: BatchScorer,
    source: Path,
    columns: Path | None,
    limit: int | None,
    since: datetime | None,
    route: Route,
) -> Iterator[list[Prediction]]:
    from inference.policy.comparison import log

    since_ms = 0 if since is None else int(since.timestamp() * 1000)
    return scorer.score(log.read(source, columns), limit=limit, since_ms=since_ms, route=route)


def _lines(scorer: BatchScorer, counted: Counter[str]) -> Iterator[list[Prediction]]:
    from inference.predictions import Prediction

    for number, outcome in enumerate(scorer.score_lines(sys.stdin.buffer), 1):
        if isinstance(outcome, Prediction):
            yield [outcome]
        else:
            counted["refused"] += 1
            click.echo(f"line {number}: {outcome}", err=True)


def _report(counted: Counter[str], seconds: float, as_json: bool, *, to_stderr: bool) -> None:
    decided = counted["approve"] + counted["review"] + counted["decline"]
    figures = {"decided": decided, **counted, "seconds": round(seconds, 3)}
    if as_json:
        click.echo(json.dumps(figures), err=to_stderr)
        return
    parts = ", ".join(f"{count:,} {name}" for name, count in sorted(counted.items()))
    click.echo(f"{decided:,} decided in {seconds:.1f} s: {parts or 'nothing'}", err=to_stderr)
