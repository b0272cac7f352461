"""LongAggregates: 30 and 90 days of every user and merchant, to the lake and to the Feature Store."""

from __future__ import annotations

import argparse
from datetime import timedelta
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from feature_groups import MERCHANT_RISK, USER_BASELINE, FeatureGroup
from feature_groups.aggregates import AGGREGATE_DAYS
from pipelines.steps.aggregates.merchants import merchant_risk
from pipelines.steps.aggregates.push import Pusher, Throttle
from pipelines.steps.aggregates.users import user_baselines
from pipelines.steps.container import StepError, processing_output, run
from pipelines.steps.dataset import write_json
from pipelines.steps.lake import PROFILES
from pipelines.steps.night import Night, add_night, client, night_of
from pipelines.steps.windows import text

OUTPUT = "aggregates"
FILE = "aggregates.parquet"
SUMMARY = "summary.json"
_TYPES = {"Integral": pa.int64(), "Fractional": pa.float64(), "String": pa.string()}


def main(arguments: list[str]) -> None:
    """Compute, write below ``output/aggregates``, and push.

    Raises:
        StepError: a parameter does not fit, a file cannot be read, or the Feature Store takes no records.
    """
    options = _parser().parse_args(arguments)
    if options.records_per_second <= 0:
        raise StepError(f"records-per-second: {options.records_per_second} is not above 0")
    if options.label_delay_days < 0:
        raise StepError(f"label-delay-days: {options.label_delay_days} is too small; use 0 or more")
    night = night_of(options)
    first = (night.as_of - timedelta(days=max(AGGREGATE_DAYS))).date()
    transactions = night.transactions(first, night.as_of.date())
    labels = night.labels(first)
    delay: int = options.label_delay_days
    tables = {
        USER_BASELINE: user_baselines(transactions, _profiles(night, options.profiles), night.as_of),
        MERCHANT_RISK: merchant_risk(transactions, labels, night.as_of, label_delay_days=delay),
    }
    for group, frame in tables.items():
        _write(group, frame, night)
    throttle = Throttle(options.records_per_second)
    store = client("sagemaker-featurestore-runtime")
    for group, frame in tables.items():
        pushed = Pusher(store, group, night.names.feature_group(group.name), throttle).push(
            frame, night.as_of
        )
        print(f"{group.name}: {pushed.written} records written, {pushed.present} were there")
    summary: dict[str, Any] = {
        "as_of": text(night.as_of),
        "transactions": len(transactions),
        "records": {group.name: len(frame) for group, frame in tables.items()},
    }
    folder = processing_output(OUTPUT) / "summary" / night.partition()
    folder.mkdir(parents=True, exist_ok=True)
    write_json(summary, folder / SUMMARY)


def _profiles(night: Night, uri: str) -> pd.DataFrame:
    versions: pd.DataFrame = night.profiles(uri, PROFILES).to_pandas()
    return versions


def _write(group: FeatureGroup, frame: pd.DataFrame, night: Night) -> None:
    """One file a night: the same night replaces it."""
    columns = [(name, _TYPES[kind]) for name, kind in group.features if name in frame.columns]
    folder = processing_output(OUTPUT) / group.name / night.partition()
    folder.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pandas(frame, schema=pa.schema(columns), preserve_index=False)
    pq.write_table(table.replace_schema_metadata(None), folder / FILE, compression="zstd")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipelines.steps.aggregates", description=__doc__)
    add_night(parser)
    parser.add_argument("--profiles", required=True, help="S3 prefix of the offline user profiles")
    parser.add_argument("--label-delay-days", type=int, default=7)
    parser.add_argument("--records-per-second", type=float, default=2_000.0, help="pushed at most")
    return parser


if __name__ == "__main__":
    raise SystemExit(run(main))
