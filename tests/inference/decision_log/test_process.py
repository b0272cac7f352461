"""The shipper as a process: it delivers, says how it stands, and ends when it is told to."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pyarrow.dataset as ds
import pytest

from inference.decision_log import Spool
from inference.decision_log.segments import segments
from inference.decision_log.status import read_status
from tests.inference.decision_log.records import prediction
from tests.inference.decision_log.sinks import eventually

pytestmark = pytest.mark.slow


def start(**environ: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "inference.decision_log"]
    return subprocess.Popen(
        command, env={**os.environ, **environ}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_it_delivers_on_sigterm_what_would_have_waited(tmp_path: Path) -> None:
    folder, audit = tmp_path / "spool", tmp_path / "audit"
    spool = Spool(folder, "worker-0", 1 << 22)
    spool.append([prediction(1), prediction(2)])
    process = start(
        FRAUDLINE_SPOOL_DIR=str(folder), FRAUDLINE_LOG_STREAM="off", FRAUDLINE_AUDIT_URI=str(audit),
        FRAUDLINE_AUDIT_FLUSH_S="3600",
    )  # fmt: skip
    eventually(lambda: (status := read_status(folder)) is not None and "audit" in status.sinks, 30)
    assert not audit.exists()
    spool.append([prediction(3)])
    process.terminate()
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 0, output
    assert '"message": "shipper ended"' in output
    assert ds.dataset(audit).count_rows() == 3
    status = read_status(folder)
    assert status is not None
    assert status.sinks["audit"]["delivered"] == 3
    assert status.pid == process.pid
    spool.close()


def test_what_it_could_not_deliver_stays_and_its_exit_code_says_so(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "worker-0", 1 << 22)
    spool.append([prediction(1)])
    spool.close()
    process = start(
        FRAUDLINE_SPOOL_DIR=str(tmp_path), FRAUDLINE_LOG_STREAM="off", FRAUDLINE_LOG_DRAIN_S="0",
        FRAUDLINE_POSTGRES_DSN=f"host={tmp_path} dbname=none",
    )  # fmt: skip
    eventually(lambda: (status := read_status(tmp_path)) is not None and "postgres" in status.sinks, 30)
    process.terminate()
    process.communicate(timeout=30)
    assert process.returncode == 1
    assert len(segments(tmp_path)) == 1


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"FRAUDLINE_LOG_STREAM": "off"}, "no sink is configured"),
        ({"FRAUDLINE_SPOOL_MAX_MB": "much"}, "FRAUDLINE_SPOOL_MAX_MB='much'"),
        ({"FRAUDLINE_STREAM_FORMAT": "xml"}, "FRAUDLINE_STREAM_FORMAT"),
    ],
)
def test_what_cannot_work_is_said_in_one_line(tmp_path: Path, environ: dict[str, str], message: str) -> None:
    process = start(FRAUDLINE_SPOOL_DIR=str(tmp_path), AWS_DEFAULT_REGION="us-east-1", **environ)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 2
    assert message in errors
    assert len(errors.splitlines()) == 1
