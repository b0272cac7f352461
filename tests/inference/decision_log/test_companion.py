"""The server ends its shipper, whenever that is: what was answered is delivered first."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pyarrow.dataset as ds
import pytest

from inference.decision_log import Spool
from inference.server.companion import Companion
from tests.inference.decision_log.records import prediction

_RECORDS = 20

pytestmark = pytest.mark.slow


def _at_once(_companion: Companion) -> None:
    """Before Python has started."""


def _killed(companion: Companion) -> None:
    assert companion._process is not None
    companion._process.kill()
    companion._process.wait()


def _ended_before_the_workers(companion: Companion) -> None:
    """As when somebody signals the whole group."""
    assert companion._process is not None
    companion._process.terminate()
    time.sleep(0.1)


@pytest.mark.parametrize("before", [_at_once, _killed, _ended_before_the_workers])
def test_what_is_in_the_spool_is_delivered(
    before: Callable[[Companion], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {
        "FRAUDLINE_SPOOL_DIR": str(tmp_path / "spool"),
        "FRAUDLINE_AUDIT_URI": str(tmp_path / "audit"),
        "FRAUDLINE_LOG_STREAM": "off",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    spool = Spool(tmp_path / "spool", "w", 1 << 26)
    companion = Companion("inference.decision_log", 25.0)
    companion.start()
    before(companion)
    spool.append([prediction(number) for number in range(_RECORDS)])
    spool.close()
    companion.stop()
    found = ds.dataset(tmp_path / "audit", format="parquet").to_table(columns=["decision_id"])
    assert len(set(found["decision_id"].to_pylist())) == found.num_rows == _RECORDS
