"""Memory of the embedded engine: per user with a history of 30 days, as time goes on, and of a whole job.

Usage: python -m benchmarks.memory [USERS] [JOB_EVENTS]
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.results import record
from processing.engines.columns import EventColumns
from processing.engines.embedded import EmbeddedEngine

DAY_MS = 86_400_000
START_MS = 1_767_225_600_000  # 2026-01-01
PER_MONTH = 10  # transactions of a user in 30 days
MONTHS = 3

_JOB = """
import json, resource, sys
from pathlib import Path
from processing.engines.embedded import run
from processing.engines.job import FeatureJob
folder = Path(sys.argv[1])
summary = run(FeatureJob(folder, None, folder / "features.parquet"))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"rows": summary.rows, "seconds": summary.seconds, "peak": peak}))
"""
_GENERATE = """
import sys
from pathlib import Path
from processing.generator import Scenario, generate
generate(Scenario(events=int(sys.argv[2]), days=60)).write(Path(sys.argv[1]))
"""


def day(rng: np.random.Generator, identities: NDArray[np.int64], number: int) -> EventColumns:
    """One day's transactions of users with `PER_MONTH` in 30 days, in event order."""
    users = identities.size
    size, merchants = users * PER_MONTH // 30, users // 50
    unknown = np.full(size, np.nan)
    return EventColumns(
        transaction_ids=pa.chunked_array([pa.nulls(size, pa.string())]),
        user=rng.integers(0, users, size, np.int32),
        merchant=rng.integers(0, merchants, size, np.int32),
        user_identity=identities,
        merchant_identity=identities[:merchants],
        times=START_MS + number * DAY_MS + np.sort(rng.integers(0, DAY_MS, size)),
        amounts=rng.integers(100, 100_000, size),
        device=rng.integers(1, 1 << 40, size),
        country=np.full(size, 0x4652, np.int32),
        status=np.ones(size, np.int8),
        distance=unknown,
        foreign=unknown,
    )


def histories(users: int) -> None:
    """Fill an engine month by month; then let everybody be idle, and one day happen after that."""
    rng, engine = np.random.default_rng(1), EmbeddedEngine()
    identities = rng.integers(1, 1 << 62, users)
    per_user = []
    for number in range(30 * MONTHS):
        for batch in day(rng, identities, number).batches(1 << 16):
            engine.apply(batch)
        if (number + 1) % 30 == 0:
            per_user.append(engine.user_bytes / users)
            record(f"memory of users after {number + 1} days", per_user[-1], "bytes per user")
    growth = 100 * (per_user[-1] / per_user[-2] - 1)
    record("memory of users, growth in the last 30 days", growth, "percent")
    few = day(rng, identities[:30_000], 30 * MONTHS + 40)
    for batch in few.batches(32):  # each looks through some thousands of those who are idle
        engine.apply(batch)
    record("memory of users who were idle for 40 days", engine.user_bytes_in_use / users, "bytes per user")


def job(events: int) -> None:
    """Peak memory of a job from Parquet to Parquet, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-c", _GENERATE, folder, str(events)], check=True)
        command = [sys.executable, "-c", _JOB, folder]
        answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    result = json.loads(answer)
    record(f"features embedded, peak memory of {events:,} events", result["peak"] / 2**30, "GiB")
    record(
        f"features embedded, Parquet to Parquet, {events:,} events",
        result["rows"] / result["seconds"],
        "events/s",
    )


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    histories(given[0] if given else 1_000_000)
    job(given[1] if len(given) > 1 else 10_000_000)
