"""``python -m processing.engines.spark``: the features of a log, on a cluster or on this machine alone.

Runs where pyspark is: in an environment of its own, in the SageMaker Spark container, on EMR. Paths are
local or ``s3://``. Prints what it did as one line of JSON, or why it could not: ``{"error": ...}``.
"""

from __future__ import annotations

import argparse
import json
import sys
import tomllib
from dataclasses import asdict

import pyarrow.parquet as pq
from pyspark.errors import PySparkException

from processing.engines.homes import Homes
from processing.engines.job import EngineError
from processing.engines.spark import accounting, session
from processing.engines.spark.failures import raised_by_worker
from processing.engines.spark.plan import Inputs, write_features
from processing.engines.spark.reading import file_system
from processing.sources.column_map import ColumnMap, ColumnMapError
from processing.sources.dataset import TRANSACTIONS


def main(arguments: list[str] | None = None) -> int:
    """Run one job; the exit code is 0, or 1 when the job cannot be done."""
    options = _options(arguments)
    try:
        print(json.dumps(_run(options)))
    except (ColumnMapError, EngineError, FileNotFoundError, ValueError) as error:
        print(json.dumps({"error": str(error)}))
        return 1
    except PySparkException as error:
        if (reason := raised_by_worker(error)) is None:
            raise
        print(json.dumps({"error": reason}))
        return 1
    return 0


def _run(options: argparse.Namespace) -> dict[str, float | None]:
    inputs = Inputs.at(
        options.source,
        _column_map(options.columns),
        options.labels,
        _homes(options.users),
        options.limit,
    )
    accountable = accounting.adopt_orphans()
    spark = session.start("fraudline features")
    try:
        done = write_features(spark, inputs, options.out, options.parts)
    finally:
        accounting.stop(spark)
    return {**asdict(done), "cpu_seconds": accounting.cpu_seconds() if accountable else None}


def _column_map(path: str | None) -> ColumnMap:
    """The map in a file; without one, columns have our names already."""
    if path is None:
        return ColumnMap({name: name for name in TRANSACTIONS.names})
    try:
        return ColumnMap.parse(tomllib.loads(_read(path).decode()))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ColumnMapError(f"{path}: not valid TOML: {error}") from error


def _homes(path: str | None) -> Homes | None:
    if path is None:
        return None
    system, place = file_system(path)
    return Homes.of_profiles(pq.read_table(place, filesystem=system))


def _read(path: str) -> bytes:
    system, place = file_system(path)
    with system.open_input_stream(place) as opened:
        content: bytes = opened.read()
    return content


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m processing.engines.spark", description=__doc__)
    parser.add_argument("--source", required=True, help="a Parquet file, or a folder of them")
    parser.add_argument("--out", required=True, help="folder for the Parquet files, replaced if it exists")
    parser.add_argument("--columns", help="column map (TOML); without it, columns have our names")
    parser.add_argument("--labels", help="Parquet with labels in the lake's shape, instead of the source's")
    parser.add_argument("--users", help="Parquet with user_id, home_lat, home_lon, home_country")
    parser.add_argument("--limit", type=int, help="only the first rows in event order")
    parser.add_argument("--parts", type=int, default=1, help="files to write; they follow each other in time")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
