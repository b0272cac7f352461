"""Drills of the log of decisions: everything is killed, every sink goes down, the disk is full."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.dataset as ds
import pytest

from inference.decision_log import DecisionLogError, Spool
from inference.decision_log.segments import segments
from inference.decision_log.status import read_status
from tests.inference.decision_log.killing import Writers
from tests.inference.decision_log.kinesis import Stream
from tests.inference.decision_log.postgres import Postgres, rows
from tests.inference.decision_log.reading import spooled
from tests.inference.decision_log.records import ids, prediction
from tests.inference.decision_log.sinks import empty, eventually

MB = 1024 * 1024


@pytest.mark.drill
def test_a_full_disk_refuses_and_recovers_by_itself(tmp_path: Path) -> None:
    """A disk of 256 KiB; mounting it needs root."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)], check=True)
    try:
        spool = Spool(disk / "spool", "w", 64 * MB)
        kept = _fill(spool)
        assert kept > 20
        assert ids(spooled(disk / "spool")) == ids([prediction(n) for n in range(kept)])
        for segment in segments(disk / "spool"):
            segment.path.unlink()
        time.sleep(0.06)
        spool.append([prediction(5000)])
        assert ids(spooled(disk / "spool")) == ["d-00005000"]
        spool.close()
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.drill
def test_nothing_acknowledged_is_lost_whatever_is_killed_and_whichever_sink_is_down(
    postgres: Postgres, tmp_path: Path
) -> None:
    spool, audit, dsn = tmp_path / "spool", tmp_path / "audit", postgres.database()
    stream = Stream()
    environ = stream.environ | {
        "FRAUDLINE_SPOOL_DIR": str(spool), "FRAUDLINE_AUDIT_URI": str(audit), "FRAUDLINE_AUDIT_FLUSH_S": "1",
        "FRAUDLINE_POSTGRES_DSN": dsn,
    }  # fmt: skip
    writers = Writers(spool, pause_s=0.002)
    shipper = _shipper(environ)
    for number in range(20):
        writers.run_and_kill(2, 0.4)
        if number % 4 == 1:
            shipper.kill()
            shipper.wait()
            shipper = _shipper(environ)
        if number == 5:
            postgres.stop()
            stream.stop()
        if number == 15:
            postgres.start()
            stream.start()
    eventually(lambda: empty(spool), 120)
    shipper.terminate()
    assert shipper.wait(30) == 0
    status = read_status(spool)
    assert status is not None
    print(f"{len(writers.acknowledged)} records acknowledged; {status.sinks}")
    delivered = [row[0] for row in rows(dsn, "SELECT decision_id FROM predictions")]
    assert len(delivered) == len(set(delivered))
    assert writers.acknowledged <= set(delivered)
    assert writers.acknowledged <= set(stream.ids())
    audited = ds.dataset(audit, format="parquet").to_table(columns=["decision_id"])["decision_id"].to_pylist()
    # A piece that was delivered again has replaced itself: nothing is in the audit twice.
    assert len(audited) == len(set(audited))
    assert writers.acknowledged <= set(audited)
    assert set(audited) == set(delivered) == set(stream.ids())


def _shipper(environ: dict[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "inference.decision_log"]
    return subprocess.Popen(command, env={**os.environ, **environ}, stdout=subprocess.DEVNULL)


def _fill(spool: Spool) -> int:
    """Append one by one until it refuses; how many it took."""
    for number in range(1000):
        try:
            spool.append([prediction(number)])
        except DecisionLogError as error:
            assert "cannot be written" in str(error)  # noqa: PT017 - the loop ends here
            return number
    raise AssertionError("the disk never filled up")
