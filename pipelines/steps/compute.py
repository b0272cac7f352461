"""ComputeFeatures: the features of BuildFeatures on Spark, where the history is too long for one machine.

Runs under ``spark-submit``: in SageMaker's Spark container, on EMR Serverless, or in local mode. It reads and
writes the lake by URI, each worker its own part; BuildFeatures examines, joins and splits what it wrote.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from pyspark.errors import PySparkException

from pipelines.steps.container import StepError, run
from pipelines.steps.spark_lake import ReadLabels, ReadTransactions, files_of, read_homes
from pipelines.steps.windows import Windows, add_arguments, from_options
from processing.engines.spark import session
from processing.engines.spark.arrivals import first_arrivals
from processing.engines.spark.counting import Counter
from processing.engines.spark.failures import raised_by_worker
from processing.engines.spark.plan import Done, mapped, vectors_of, write_in_order
from processing.engines.spark.rows import ARRIVED

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FILE = "path string, place bigint"


def main(arguments: list[str]) -> None:
    """Write the features of every transaction of the windows to ``--out``; print how many there are.

    Raises:
        StepError: a parameter does not fit, or a file cannot be read.
    """
    options = _parser().parse_args(arguments)
    windows = from_options(options)
    try:
        print(json.dumps(asdict(_computed(options, windows))))
    except PySparkException as error:
        if (reason := raised_by_worker(error)) is None:
            raise
        raise StepError(reason) from error


def _computed(options: argparse.Namespace, windows: Windows) -> Done:
    spark = session.start("fraudline ComputeFeatures")
    try:
        homes = read_homes(options.profiles, windows.as_of)
        transactions = spark.createDataFrame(files_of(options.transactions), _FILE)
        labels = spark.createDataFrame(files_of(options.labels), _FILE)
        log = mapped(transactions, ReadTransactions(homes), ARRIVED).union(
            mapped(labels, ReadLabels(windows.as_of), ARRIVED)
        )
        # Of an id the first that arrived counts: the order in which `read_transactions` looks at them.
        by_id = log.repartition("transaction_id").sortWithinPartitions(
            "transaction_id", "arrival", "time", "place"
        )
        end, start = (_milliseconds(moment) for moment in (windows.end, windows.start))
        events = mapped(by_id, first_arrivals).where(f"time < {end}")
        users, merchants = Counter(spark.sparkContext), Counter(spark.sparkContext)
        vectors = vectors_of(events, users, merchants).where(f"time >= {start}")
        return write_in_order(vectors, options.out, options.parts, users, merchants)
    finally:
        spark.stop()


def _milliseconds(moment: datetime) -> int:
    """The first whole millisecond since 1970 that is not before `moment`."""
    return -((_EPOCH - moment) // timedelta(milliseconds=1))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipelines.steps.compute", description=__doc__)
    add_arguments(parser)
    for name in ("transactions", "labels", "profiles"):
        parser.add_argument(f"--{name}", required=True, help="its Parquet files: a folder or s3:// prefix")
    parser.add_argument("--out", required=True, help="folder or s3:// prefix of the features, replaced")
    parser.add_argument("--parts", type=int, default=8, help="files to write, at most")
    return parser


if __name__ == "__main__":
    raise SystemExit(run(main))
