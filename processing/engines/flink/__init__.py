"""Flink: the stream job for Amazon Managed Service for Apache Flink, and the same operators over a file.

    run(job)        features of a log, in Flink's environment (a subprocess)
    stream.build    the stream job; `main` is its entry, `package` its zip
    connector/      its Kinesis source and sink, in Java

Only what is imported here may be imported without PyFlink; see docs/flink.md.
"""

from __future__ import annotations

import json
import resource
import tempfile
import time
from pathlib import Path

from processing.engines.flink.environment import python, run_module
from processing.engines.job import FeatureJob, Summary

__all__ = ["run"]

_CHECKPOINT_MS = 60_000


def run(job: FeatureJob) -> Summary:
    """Compute the features of a source with a bounded Flink job on this machine.

    Raises:
        EngineError: Flink is not installed, the source cannot be read, or the job failed.
    """
    python()  # before the source is read
    # Reading needs what Flink's environment lacks, and the arrays need numpy only.
    from processing.engines.flink.log import Log
    from processing.engines.source import load

    started, used = time.perf_counter(), _cpu_seconds()
    events, frauds = load(job)
    with tempfile.TemporaryDirectory(prefix="fraudline-flink-") as name:
        folder = Path(name)
        java_seconds = 0.0
        log = Log.write(folder, events, frauds)
        if len(events):
            arguments = {
                "folder": name,
                "rows": len(events),
                "checkpoints": (folder / "checkpoints").as_uri(),
                "interval_ms": _CHECKPOINT_MS,
            }
            run_module("processing.engines.flink.replay", json.dumps(arguments))
            java_seconds = json.loads((folder / "report.json").read_text())["cpu_seconds"]
        log.export(events, job.out)
    return Summary(
        "flink",
        len(events),
        events.user_identity.size,
        events.merchant_identity.size,
        time.perf_counter() - started,
        _cpu_seconds() - used + java_seconds,
        job.out,
    )


def _cpu_seconds() -> float:
    """Processor time of this process and of the children it has waited for."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)
