"""A task manager killed in mid-stream: the job goes on from its checkpoint and nothing is different."""

from __future__ import annotations

import os
import time
from pathlib import Path
from random import Random

import pytest

from tests.processing.engines import flink_job
from tests.processing.engines.flink_cluster import Cluster
from tests.processing.stream.mirror import Mirror, running
from tests.processing.windows import logs

pytestmark = pytest.mark.drill

KILLS = int(os.environ.get("FRAUDLINE_KILLS", "20"))
_PER_KILL = 60


@pytest.mark.timeout(3600)
def test_killed_at_random_points(tmp_path: Path) -> None:
    random = Random(11)
    every = logs.hot("k-", (KILLS + 1) * _PER_KILL)
    rows, frauds = flink_job.shifted(every, frauds=5)
    wanted = flink_job.expected(rows, frauds)
    with running(tmp_path, shards=1) as mirror:
        file = flink_job.properties(mirror)
        environ = flink_job.job_environ(mirror, file)
        del environ["FRAUDLINE_FLINK_JAR"]  # the cluster gets it with the job
        cluster = Cluster(tmp_path / "cluster", environ)
        outputs = flink_job.Outputs(mirror)
        try:
            cluster.start("jobmanager")
            cluster.start("taskmanager")
            cluster.submit()
            for kill in range(KILLS + 1):
                part = rows[kill * _PER_KILL : (kill + 1) * _PER_KILL]
                before = len(outputs.enriched)
                _pour(mirror, part, random)

                def moved(before: int = before) -> bool:
                    outputs.read()
                    return len(outputs.enriched) > before

                flink_job.wait(moved, 240, cluster.log)
                if kill < KILLS:
                    time.sleep(random.uniform(0, 1.5))
                    cluster.kill("taskmanager")
                    cluster.start("taskmanager")
            flink_job.put(mirror, "fraud-labels", [flink_job.label(*fraud) for fraud in frauds])

            def complete() -> bool:
                outputs.read()
                return len(outputs.enriched) == len(wanted.features) and flink_job.published(mirror, wanted)

            flink_job.wait(complete, 240, cluster.log)
            in_lake = _wait_for_lake(mirror, len(wanted.features), cluster.log)
        finally:
            cluster.stop()
    assert outputs.enriched == wanted.features
    # Files that were written again replaced what was there: every row is in the lake once.
    assert sorted(in_lake) == sorted(wanted.features)
    sent = len(outputs.records["transactions-enriched"])
    print(f"{KILLS} kills, {len(wanted.features)} transactions, {sent - len(wanted.features)} sent again")


def _pour(mirror: Mirror, rows: list[logs.Row], random: Random) -> None:
    """Put rows in small pieces, so that a kill finds some read and others not."""
    at = 0
    while at < len(rows):
        size = random.randrange(1, 15)
        flink_job.put(mirror, "transactions-raw", [flink_job.raw(row) for row in rows[at : at + size]])
        at += size
        time.sleep(0.05)


def _wait_for_lake(mirror: Mirror, rows: int, log: Path) -> list[str]:
    """The transaction ids in the lake, once there are enough and no more come."""
    found: list[str] = []

    def complete() -> bool:
        found[:] = [row["transaction_id"] for row in flink_job.lake(mirror, "raw/")]
        return len(found) >= rows

    flink_job.wait(complete, 60, log)
    time.sleep(3)  # intervals of the lake: what is written now was written too often
    complete()
    return found
