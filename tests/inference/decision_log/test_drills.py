"""Drills of the log of decisions: killed writers, a full disk."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from inference.decision_log import DecisionLogError, Spool
from inference.decision_log.segments import segments
from tests.inference.decision_log.reading import spooled
from tests.inference.decision_log.records import ids, prediction

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


def _fill(spool: Spool) -> int:
    """Append one by one until it refuses; how many it took."""
    for number in range(1000):
        try:
            spool.append([prediction(number)])
        except DecisionLogError as error:
            assert "cannot be written" in str(error)  # noqa: PT017 - the loop ends here
            return number
    raise AssertionError("the disk never filled up")
