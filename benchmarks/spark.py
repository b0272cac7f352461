"""CPU seconds of the Spark job against Spark's own window functions, for the same features.

Both run here in local mode with the same settings, drop repeated ids, count frauds by the time they
became known and write one Parquet file in event order. Ours computes the features of the request too.
CPU seconds are those of Java and of the Python workers together.

Usage: python -m benchmarks.spark [--source F --columns M]; without a source it generates one.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks.results import record
from processing.engines import embedded, spark
from processing.engines.job import FeatureJob
from processing.engines.spark.launch import run_in_spark
from processing.generator import Scenario, generate
from processing.parity.tables import compare_files
from processing.sources.column_map import ColumnMap
from processing.sources.files import read_file

_EVENTS = 1_750_000  # as many as the Fraud Detection Handbook's file has
_DAYS = 183


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--source", type=Path)
    options.add_argument("--columns", type=Path)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        folder = scratch / "data"
        if given.source:
            read_file(given.source, ColumnMap.load(given.columns)).write(folder)
        else:
            generate(Scenario(events=_EVENTS, days=_DAYS)).write(folder)
        ours = spark.run(FeatureJob(folder, None, scratch / "ours.parquet"))
        native = run_in_spark("benchmarks.spark_native", [str(folder), str(scratch / "native")], scratch)
        embedded.run(FeatureJob(folder, None, scratch / "embedded.parquet"))
        parity = compare_files(scratch / "ours.parquet", scratch / "embedded.parquet")
        assert parity.equal, "the Spark job and the embedded engine differ: `fraudline parity` says where"
        rows = pq.read_table(scratch / "native", columns=["transaction_id"]).num_rows
    assert rows == ours.rows, f"{rows} rows from window functions, {ours.rows} from ours"
    assert ours.cpu_seconds is not None, "CPU seconds of other processes are known on Linux only"
    per_second = ours.rows / ours.cpu_seconds
    ratio = native["cpu_seconds"] / ours.cpu_seconds
    record("Spark job, all features", per_second, "events/CPU s", "Spark's window functions", ratio)
    print(f"CPU seconds: ours {ours.cpu_seconds:.1f}, window functions {native['cpu_seconds']:.1f}")


if __name__ == "__main__":
    main()
