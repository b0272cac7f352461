"""The stream job through the mirror's Kinesis and its own connector: everything in, everything out."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from random import Random

import pytest

from tests.processing.engines import flink_job
from tests.processing.stream.mirror import running
from tests.processing.windows import logs

pytestmark = pytest.mark.slow


@pytest.mark.timeout(420)
def test_kinesis_in_and_out(tmp_path: Path) -> None:
    rows, frauds = flink_job.shifted(logs.one(Random(5), "s-", 250), frauds=4)
    end = max(row.t for row in rows)
    late = rows[-1]._replace(transaction_id="late", t=end - 10 * 60_000 - 1)
    in_time = rows[-1]._replace(transaction_id="in-time", t=end - 10 * 60_000)
    rows = [*rows, late, in_time]
    wanted = flink_job.expected(rows, frauds)
    assert "late" not in wanted.features
    raw = [flink_job.raw(row) for row in rows]
    repeated, broken, lacking = raw[3], b"{", b'{"transaction_id":"x"}'
    with running(tmp_path, shards=1) as mirror:
        flink_job.put(mirror, "transactions-raw", [*raw, repeated, broken, lacking])
        flink_job.put(mirror, "fraud-labels", [*(flink_job.label(*fraud) for fraud in frauds), broken])
        outputs, log = flink_job.Outputs(mirror), tmp_path / "job.log"

        def complete() -> bool:
            outputs.read()
            if len(outputs.enriched) < len(wanted.features) or len(outputs.letters("schema-errors")) < 2:
                return False
            return flink_job.published(mirror, wanted)

        with flink_job.running(mirror, log):
            flink_job.wait(complete, 280, log)
    assert outputs.enriched == wanted.features
    assert [
        json.loads(base64.b64decode(x["payload"]))["transaction_id"] for x in outputs.letters(flink_job.LATE)
    ] == ["late"]
    assert [base64.b64decode(x["payload"]) for x in outputs.letters("duplicates")] == [repeated]
    assert [base64.b64decode(x["payload"]) for x in outputs.letters("incomplete")] == [lacking]
    assert {x["stream"].rpartition("test-")[2] for x in outputs.letters("schema-errors")} == {
        "transactions-raw",
        "fraud-labels",
    }
