"""ServedParity: the features that decisions were made on, against the batch."""

from __future__ import annotations

import argparse
import os
from datetime import UTC, datetime, timedelta
from functools import partial

import boto3
import pyarrow.parquet as pq

from feature_groups.names import Names
from pipelines.steps.container import StepError, processing_output, run
from pipelines.steps.dataset import write_json
from pipelines.steps.windows import parse_moment
from processing.parity.served import Inputs, compare_served
from processing.parity.served.archive import prediction_table
from processing.parity.served.collect import Clients, Collector, Logged
from processing.parity.served.compare import LAG_MS
from processing.parity.served.moments import milliseconds

REPORT, PICTURE, PREDICTIONS = "parity.json", "parity.svg", "predictions.parquet"
_SETTLE = timedelta(minutes=2)  # after that the lake has everything a decision depends on


def main(arguments: list[str]) -> None:
    """Compare the decisions of the last hours, and write the report and their records.

    Raises:
        StepError: a parameter does not fit, or more decisions differ than are allowed.
    """
    options = _parser().parse_args(arguments)
    if options.hours < 0 or options.most_mismatches < 0:
        raise StepError("hours, most-mismatches: use 0 or more")
    report, records = processing_output("parity"), processing_output("predictions")
    started = parse_moment("started-at", options.started_at) if options.started_at else datetime.now(UTC)
    logged: list[Logged] = []
    inputs = Inputs()
    if options.hours:
        collector = Collector(_clients(), Names(options.environment))
        logged = collector.predictions(milliseconds(started - timedelta(hours=options.hours)))
        inputs = collector.inputs([one.decision for one in logged], LAG_MS)
    parity = compare_served(
        [one.decision for one in logged], inputs, settled_ms=milliseconds(started - _SETTLE)
    )
    write_json(parity.as_dict(), report / REPORT)
    (report / PICTURE).write_text(parity.picture(), encoding="utf-8")
    pq.write_table(prediction_table(logged), records / PREDICTIONS, compression="zstd")
    print("\n".join(parity.lines()))
    found = len(parity.mismatched)
    if found > options.most_mismatches:
        raise StepError(
            f"{found} of {parity.decisions} decisions were made on features that the batch does not have; "
            f"most-mismatches allows {options.most_mismatches}; the first: {parity.mismatched[0]}"
        )


def _clients() -> Clients:
    # A processing job is told its region as AWS_REGION, which boto3 does not look at.
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return Clients.of(partial(boto3.client, region_name=region))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipelines.steps.parity", description=__doc__)
    parser.add_argument("--environment", required=True, help="which deployment")
    parser.add_argument("--started-at", help="the newest moment to look at; default: now")
    parser.add_argument("--hours", type=int, default=24, help="age of the oldest decision; 0 compares none")
    parser.add_argument("--most-mismatches", type=int, default=0)
    return parser


if __name__ == "__main__":
    raise SystemExit(run(main))
