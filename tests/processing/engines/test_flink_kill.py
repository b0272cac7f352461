"""A task manager killed in mid-stream: the job goes on from its checkpoint and nothing is different."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
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
_SECONDS_A_KILL = 15.0  # a task manager needs ten to be back


@pytest.mark.timeout(3600)
def test_killed_at_random_points(tmp_path: Path) -> None:
    random = Random(11)
    every = logs.hot("k-", (KILLS + 1) * _PER_KILL)
    rows, frauds = flink_job.shifted(every, frauds=KILLS * _PER_KILL // 2)
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
            pourer = Pourer(mirror, rows, frauds, Random(12))
            with pourer:
                for kill in range(KILLS):
                    before = len(outputs.enriched)

                    def moved(before: int = before) -> bool:
                        outputs.read()
                        return len(outputs.enriched) > before

                    flink_job.wait(moved, 240, cluster.log)
                    time.sleep(random.uniform(0, 1.5))
                    cluster.kill("taskmanager")
                    cluster.start("taskmanager")
                    pourer.allowed = (kill + 2) * _PER_KILL

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


class Pourer:
    """Puts rows in small pieces while the block runs: each kill finds some of them read; then the rest.

    A fraud's label comes some pieces after its transaction.

    Attributes:
        allowed: how many rows may be on the stream by now; at a kill some are still to come.
    """

    def __init__(
        self, mirror: Mirror, rows: list[logs.Row], frauds: list[tuple[str, int]], random: Random
    ) -> None:
        self._mirror, self._rows, self._known, self._random = mirror, rows, dict(frauds), random
        self.allowed = _PER_KILL
        self._over = threading.Event()
        self._pool = ThreadPoolExecutor(1)

    def __enter__(self) -> None:
        self._done = self._pool.submit(self._pour)

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._pool.shutdown()
        self._done.result()

    def _pour(self) -> None:
        at, waiting = 0, list[bytes]()
        while at < len(self._rows):
            if at >= self.allowed and not self._over.is_set():
                self._over.wait(0.1)
                continue
            piece = self._rows[at : at + self._random.randrange(1, 15)]
            flink_job.put(self._mirror, "transactions-raw", [flink_job.raw(row) for row in piece])
            ids = [row.transaction_id for row in piece if row.transaction_id in self._known]
            waiting += [flink_job.label(one, self._known.pop(one)) for one in ids]
            if waiting and self._random.random() < 0.3:
                flink_job.put(self._mirror, "fraud-labels", waiting)
                waiting = []
            at += len(piece)
            self._over.wait(len(piece) * _SECONDS_A_KILL / _PER_KILL)
        flink_job.put(self._mirror, "fraud-labels", waiting)


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
