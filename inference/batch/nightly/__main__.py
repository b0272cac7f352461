"""BatchScores: decides what nobody decided in real time, by the production model and the policy."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pyarrow.parquet as pq
from botocore.exceptions import BotoCoreError, ClientError

from feature_groups.names import Names
from inference.batch.nightly.day import Day, read_day
from inference.batch.nightly.production import Package, fetch, package_in_production
from inference.batch.nightly.scores import decide, realtime_by_policy, score_table, turned_out
from inference.batch.nightly.summary import summary
from inference.batch.scoring import BatchScorer
from inference.bundle import BundleError
from inference.policy import PolicyError
from inference.policy.comparison.prices import Prices
from inference.settings import DEFAULT_POLICY
from processing.lake.nights import night_named
from processing.lake.reading import LakeReader

OUTPUT, SCORES, SUMMARY = "batch-scores", "scores.parquet", "summary.json"
_BAD_DATA = 65  # EX_DATAERR of sysexits.h, as of the pipeline's other steps


def main(arguments: list[str]) -> None:
    """Write the day's scores and summary below ``output/batch-scores``; without a model the latter alone.

    Raises:
        ValueError, BundleError, PolicyError: a parameter, a file of the lake, the model or the policy does
            not fit; the message says which.
    """
    options = _parser().parse_args(arguments)
    as_of = night_named(options.as_of)
    day = as_of.date() - timedelta(days=1)
    prefix = options.profiles.removeprefix(f"s3://{options.lake}/")
    if prefix == options.profiles:
        raise ValueError(f"profiles: {options.profiles!r} is not in the lake s3://{options.lake}/")
    client = _clients()
    names = Names(options.environment)
    group = names.model_package_group
    package = package_in_production(client("sagemaker"), group, names.endpoint)
    found: dict[str, Any] = {"as_of": as_of.isoformat(), "day": day.isoformat(), "model": None}
    if package is None:
        found["note"] = f"no package of {group} is approved: nothing was scored"
        print(found["note"])
    else:
        reader = LakeReader(client("s3"), options.lake)
        scorer = _scorer(client("s3"), package)
        rows = read_day(reader, prefix, day, as_of)
        found |= {"model": package.label, "policy": scorer.policy.version}
        found |= _scored(reader, scorer, rows, day, as_of, options.label_delay_days)
    _write(_folder(day), found)


def _scored(
    reader: LakeReader, scorer: BatchScorer, rows: Day, day: date, as_of: datetime, label_delay_days: int
) -> dict[str, Any]:
    records = decide(scorer, rows, as_of)
    pq.write_table(score_table(records), _folder(day) / SCORES, compression="zstd")
    settled = day - timedelta(days=label_delay_days)
    turned = turned_out(reader, settled, as_of)
    return summary(rows, realtime_by_policy(scorer.policy, rows), records, turned, Prices())


def _scorer(s3: Any, package: Package) -> BatchScorer:
    policy_file = Path(os.environ.get("FRAUDLINE_POLICY_FILE") or DEFAULT_POLICY)
    with tempfile.TemporaryDirectory() as folder:
        fetch(s3, package.archive, Path(folder))
        return BatchScorer(Path(folder), policy_file, package.label)


def _clients() -> Any:
    # A processing job is told its region as AWS_REGION, which boto3 does not look at.
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return partial(boto3.client, region_name=region)


def _opt_ml() -> Path:
    return Path(os.environ.get("FRAUDLINE_OPT_ML", "/opt/ml"))


def _folder(day: date) -> Path:
    folder = _opt_ml() / "processing" / "output" / OUTPUT / f"date={day:%Y-%m-%d}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _write(folder: Path, found: dict[str, Any]) -> None:
    text = json.dumps(found, indent=1, sort_keys=True, allow_nan=False)
    (folder / SUMMARY).write_text(text + "\n", encoding="utf-8")
    print(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="inference.batch.nightly", description=__doc__)
    parser.add_argument("--environment", required=True, help="which deployment")
    parser.add_argument("--lake", required=True, help="bucket of the lake")
    parser.add_argument("--profiles", required=True, help="S3 prefix of the offline user profiles")
    parser.add_argument("--as-of", required=True, help="the night, like 2026-03-01T02:00:00Z")
    parser.add_argument("--label-delay-days", type=int, default=7)
    return parser


def run(arguments: list[str]) -> int:
    """Run the job; returns its exit code, and leaves the reason of a failure where the service reads it."""
    try:
        main(arguments)
    except (ValueError, BundleError, PolicyError, ClientError, BotoCoreError) as error:
        print(f"fraudline: {error}", file=sys.stderr)
        folder = _opt_ml() / "output"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "message").write_text(str(error)[:1024], encoding="utf-8")
        return _BAD_DATA
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
