"""The spool: what `append` returned from is in a file; what it could not keep it refuses."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from feature_groups import FEATURE_NAMES
from inference.decision_log import DecisionLogError, Spool, segments
from inference.predictions import contributions
from tests.inference.decision_log.reading import spooled
from tests.inference.decision_log.records import ids, prediction

MB = 1024 * 1024


def test_records_come_back_in_every_field(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "new" / "folder", "worker-0", MB)
    written = [
        prediction(1),
        prediction(2, decided_by="rules", features_used=None, contributions=None, signals=None, reasons=[]),
    ]
    spool.append(written)
    first, second = spooled(tmp_path / "new" / "folder")
    assert repr(first) == repr(written[0])  # NaN is not equal to itself
    assert second == written[1]


def test_arrays_are_taken_as_they_are(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "w", MB)
    vector = np.arange(len(FEATURE_NAMES), dtype=np.float64) / 3
    parts = np.arange(len(FEATURE_NAMES), dtype=np.float32) / 3
    spool.append([prediction(1, features_used=vector, contributions=parts)])
    (found,) = spooled(tmp_path)
    assert found.features_used == vector.tolist()
    assert contributions(found) == parts.tolist()
    assert contributions(prediction(1, contributions=[0.5])) == [0.5]
    assert contributions(prediction(1, contributions=None)) is None


def test_what_is_no_record_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="object has no place"):
        Spool(tmp_path, "w", MB).append([prediction(1, model_version=object())])
    assert spooled(tmp_path) == []


def test_segments_are_closed_by_size(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "w", MB)
    for number in range(0, 300, 10):
        spool.append([prediction(n) for n in range(number, number + 10)])
    files = segments.segments(tmp_path)
    assert len(files) > 2
    assert all(file.size <= MB // 8 for file in files)
    assert ids(spooled(tmp_path)) == ids([prediction(n) for n in range(300)])
    assert spool.counters["appended"] == 300


def test_segments_are_closed_by_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path, "w", MB)
    spool.append([prediction(1)])
    spool.append([prediction(2)])
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 6)
    spool.append([prediction(3)])
    assert len(segments.segments(tmp_path)) == 2
    assert len(spooled(tmp_path)) == 3


def test_the_bound_holds_for_all_workers_and_gives_way_again(tmp_path: Path) -> None:
    spools = [Spool(tmp_path, f"worker-{number}", MB) for number in range(3)]
    refused, kept = 0, 0
    errors = set()
    while refused < 30:
        for spool in spools:
            try:
                spool.append([prediction(kept)])
                kept += 1
            except DecisionLogError as error:
                refused += 1
                errors.add((str(error), error.retry_after_s))
    assert errors == {("the spool is full: decisions are not delivered fast enough", 1)}
    files = segments.segments(tmp_path)
    assert 0.8 * MB < sum(file.size for file in files) <= MB
    assert len(spooled(tmp_path)) == kept
    assert sum(spool.counters["refused"] for spool in spools) == refused
    # Nobody holds a segment of a full spool: each can be deleted once it is delivered.
    for file in files:
        descriptor = os.open(file.path, os.O_RDONLY)
        assert segments.sealed(descriptor)
        os.close(descriptor)
        file.path.unlink()
    time.sleep(0.06)
    spools[0].append([prediction(0)])
    assert len(spooled(tmp_path)) == 1


def test_a_write_that_fits_in_part_is_taken_back_and_refused(tmp_path: Path) -> None:
    """The kernel's own limit on a file's size: the write is cut short, as on a full disk."""
    spool = Spool(tmp_path, "w", 64 * MB)
    spool.append([prediction(1)])
    size = segments.segments(tmp_path)[0].size
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, before[1]))
    try:
        with pytest.raises(DecisionLogError, match="cannot be written: only 100 of"):
            spool.append([prediction(2)])
        with pytest.raises(DecisionLogError, match="the last write failed"):
            spool.append([prediction(3)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [segment.size for segment in segments.segments(tmp_path)] == [size]
    time.sleep(0.06)
    spool.append([prediction(4)])
    assert ids(spooled(tmp_path)) == ["d-00000001", "d-00000004"]
    assert (spool.counters["appended"], spool.counters["refused"]) == (2, 2)


def test_a_disk_without_room_refuses_and_the_next_call_that_fits_is_kept(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "w", 64 * MB)
    spool.append([prediction(1)])
    full = os.open("/dev/full", os.O_WRONLY)
    assert spool._descriptor is not None
    os.dup2(full, spool._descriptor)
    os.close(full)
    with pytest.raises(DecisionLogError, match="cannot be written: No space left on device"):
        spool.append([prediction(2)])
    time.sleep(0.06)
    spool.append([prediction(3)])
    assert ids(spooled(tmp_path)) == ["d-00000001", "d-00000003"]


def test_settings_that_cannot_work_are_said_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DecisionLogError, match="FRAUDLINE_SPOOL_DIR"):
        Spool(tmp_path / "file" / "below", "w", MB)
    with pytest.raises(ValueError, match="worker 'a/b'"):
        Spool(tmp_path, "a/b", MB)
    with pytest.raises(ValueError, match="max_bytes=10"):
        Spool(tmp_path, "w", 10)


def test_the_server_needs_no_sink_to_spool() -> None:
    """The hot path imports no client of a sink."""
    code = "import inference.decision_log, sys; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"boto3", "psycopg", "pyarrow"} & set(loaded.stdout.split())
