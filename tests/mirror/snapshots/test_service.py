"""When snapshots are written, and what is said of one that cannot be read."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from moto.s3.models import s3_backends

from mirror.cloud import Cloud
from mirror.jobs import storage
from mirror.snapshots import service

ACCOUNT = "111122223333"


def test_a_snapshot_that_cannot_be_read_names_the_file_and_the_fix(tmp_path: Path) -> None:
    (tmp_path / "state.pickle").write_bytes(b"not a pickle")
    with pytest.raises(RuntimeError, match=r"state\.pickle cannot be read back .* `fraudline up --fresh`"):
        service.Snapshots(tmp_path).start()


def test_the_output_of_a_job_asks_for_a_snapshot(tmp_path: Path) -> None:
    cloud, written = Cloud(tmp_path), tmp_path / "moto" / "state.pickle"
    s3_backends[ACCOUNT]["aws"].create_bucket("models", "us-east-1")
    service.start(cloud)
    try:
        time.sleep(0.5)
        assert not written.exists()
        storage.write(ACCOUNT, storage.Location("models", "model.tar.gz"), b"model")
        deadline = time.monotonic() + 10
        while not written.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert written.exists()
    finally:
        service.stop(cloud)
        s3_backends[ACCOUNT]["aws"].reset()
