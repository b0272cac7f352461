"""``fraudline features --engine embedded``: a whole source through the engine, into a Parquet file."""

from __future__ import annotations

import resource
import sys
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from feature_groups import FEATURE_NAMES
from processing.engines.columns import EventColumns
from processing.engines.embedded.engine import EmbeddedEngine
from processing.engines.job import FeatureJob, Summary
from processing.engines.source import load

BATCH = 1 << 16
SCHEMA = pa.schema([("transaction_id", pa.string()), *((name, pa.float64()) for name in FEATURE_NAMES)])


def run(job: FeatureJob) -> Summary:
    """Compute and write the features of a job, batch by batch.

    Raises:
        EngineError: the source cannot be read.
    """
    began, cpu = time.perf_counter(), _cpu_seconds()
    events, reports = load(job)
    engine = EmbeddedEngine()
    engine.learn(reports)
    job.out.parent.mkdir(parents=True, exist_ok=True)
    with pq.ParquetWriter(job.out, SCHEMA, compression="zstd", compression_level=1) as writer:
        done = 0
        values = np.empty((min(BATCH, len(events)), len(FEATURE_NAMES)))
        for batch in events.batches(BATCH):
            writer.write_table(_table(batch, engine.apply(batch, values[: len(batch)])))
            done += len(batch)
            _progress(done, len(events))
    return Summary(
        engine="embedded",
        rows=len(events),
        users=len(events.user_identity),
        merchants=len(events.merchant_identity),
        seconds=time.perf_counter() - began,
        cpu_seconds=_cpu_seconds() - cpu,
        out=job.out,
    )


def _table(batch: EventColumns, values: np.ndarray) -> pa.Table:
    columns = np.ascontiguousarray(values.T)
    return pa.table([batch.ids, *(pa.array(column) for column in columns)], schema=SCHEMA)


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        end = "\n" if done == total else "\r"
        print(f"{done:,} of {total:,} transactions", end=end, file=sys.stderr, flush=True)
