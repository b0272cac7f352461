"""``fraudline policy route``: what a policy's routing costs and catches on a log."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from inference import policy as policies
from inference.policy.comparison.prices import PRICED, Prices
from inference.settings import DEFAULT_POLICY
from processing.commands.source_options import source_options

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_PRICES = Prices()
_PROBABILITY = click.FloatRange(0, 1, min_open=True)


@click.command()
@source_options
@click.option("--policy", "file", type=_FILE, default=DEFAULT_POLICY, show_default="the one that ships",
              help="Routes and decides.")  # fmt: skip
@click.option("--model", type=click.Path(path_type=Path, exists=True, file_okay=False),
              help="Folder of a model: model.ubj and bundle.json.")  # fmt: skip
@click.option("--scores", type=_FILE, help="Instead of it: a Parquet file with transaction_id and score.")
@click.option("--review", type=_PROBABILITY, help="Threshold for --scores, where the policy has none.")
@click.option("--decline", type=_PROBABILITY, help="Likewise.")
@click.option("--since", help="Count from this moment on (ISO-8601, UTC); what is earlier is history only.")
@click.option("--limit", type=click.IntRange(min=1), help="Only the first rows in event order.")
@click.option("--realtime-usd", type=click.FloatRange(min=0), default=_PRICES.realtime,
              show_default=f"{_PRICES.realtime:.3f}, {PRICED}",
              help="A million decisions in real time.")  # fmt: skip
@click.option("--batch-usd", type=click.FloatRange(min=0), default=_PRICES.batch,
              show_default=f"{_PRICES.batch:.3f}, {PRICED}",
              help="A million decisions in the batch.")  # fmt: skip
@click.option("--bureau-usd", type=click.FloatRange(min=0), default=_PRICES.bureau_per_thousand,
              show_default=True,
              help="A thousand questions to third parties, in real time only.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path, file_okay=False),
              help="Folder for routing.json and routing.svg.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def route(
    source: Path,
    columns: Path | None,
    file: Path,
    model: Path | None,
    scores: Path | None,
    review: float | None,
    decline: float | None,
    since: str | None,
    limit: int | None,
    realtime_usd: float,
    batch_usd: float,
    bureau_usd: float,
    out: Path | None,
    as_json: bool,
) -> None:
    """Replay a log through the policy: cost and fraud caught by each choice of routing.

    \b
    Example:
      fraudline policy route --source F.parquet --columns map.toml --model model/ --out routing/
      fraudline policy route --source data/ --scores scores.parquet --review 0.2 --decline 0.8
    """
    from inference.bundle import BundleError
    from inference.policy.comparison import choices, log
    from inference.policy.comparison import scores as scoring
    from inference.policy.comparison.picture import draw
    from inference.policy.comparison.report import Comparison
    from processing.engines.job import EngineError

    if (model is None) == (scores is None):
        raise click.UsageError("give either --model or --scores")
    try:
        policy = policies.load(file)
        if model is not None:
            score, thresholds = scoring.of_model(model)
        elif scores is not None:
            score, thresholds = scoring.of_file(scores), _thresholds(policy, review, decline)
        batches = log.replay(log.read(source, columns), limit, _milliseconds(since))
        replayed = choices.run(policy, batches, score, thresholds)
    except (policies.PolicyError, BundleError, EngineError, ValueError, FileNotFoundError) as error:
        raise click.ClickException(str(error)) from error
    if not replayed.flagged.size:
        raise click.ClickException(f"no transaction at or after {since}: give an earlier --since")
    prices = Prices(realtime_usd, batch_usd, bureau_usd)
    comparison = Comparison(
        policy.version,
        prices,
        choices.compare(replayed, prices),
        choices.sweep(replayed, prices),
        replayed.unscored,
    )
    document = json.dumps(comparison.as_dict(), indent=2)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / "routing.json").write_text(document + "\n", encoding="utf-8")
        (out / "routing.svg").write_text(draw(comparison), encoding="utf-8")
    click.echo(document if as_json else "\n".join(comparison.lines()))


def _thresholds(policy: policies.Policy, review: float | None, decline: float | None) -> policies.Limits:
    if policy.thresholds is not None:
        return policy.thresholds
    if review is None or decline is None or review > decline:
        raise click.UsageError("--scores needs --review and --decline, or thresholds in the policy")
    return policies.Limits(review, decline)


def _milliseconds(since: str | None) -> int:
    if since is None:
        return 0
    try:
        moment = datetime.fromisoformat(since)
    except ValueError:
        raise click.BadParameter(
            f"{since!r}: write it like 2026-03-01T00:00:00Z", param_hint="--since"
        ) from None
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
