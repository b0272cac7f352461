"""The stream job through the mirror's Kinesis and its own connector: everything in, everything out."""

from __future__ import annotations

import base64
import json
from collections import Counter
from math import nan
from pathlib import Path
from random import Random

import pytest

from processing.events import decode_transaction
from processing.events.moments import iso
from processing.stream.counters import COUNTERS, GAUGES
from processing.stream.quality import Quality
from tests.processing.engines import flink_job
from tests.processing.stream.mirror import Mirror, running
from tests.processing.windows import logs

pytestmark = pytest.mark.slow


@pytest.mark.timeout(420)
@pytest.mark.parametrize("mode", ["thread", pytest.param("process", marks=pytest.mark.drill)])
def test_kinesis_in_and_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    monkeypatch.setenv("FRAUDLINE_FLINK_MODE", mode)
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
            return flink_job.published(mirror, wanted) and flink_job.metric(mirror, "labels_read") == 5

        with flink_job.running(mirror, log):
            flink_job.wait(complete, 280, log)
            accepted = {row.transaction_id: row for row in rows}
            flink_job.wait(lambda: len(flink_job.lake(mirror, "labels/")) >= len(frauds), 60, log)
            flink_job.wait(lambda: len(flink_job.lake(mirror, "raw/")) >= len(accepted), 60, log)
            _is_in_the_lake(mirror, accepted, frauds)
            flink_job.wait(lambda: flink_job.metric(mirror, "read") == len(raw) + 3, 60, log)
            counted = {name: flink_job.metric(mirror, name) for name in COUNTERS if name not in GAUGES}
    checked = _checked(accepted, wanted.features)
    checked["anomalies"] += 2  # the records that were refused
    wanted_counts = checked | {
        "read": len(raw) + 3, "accepted": len(accepted), "duplicates": 1, "late": 1,
        "schema-errors": 1, "incomplete": 1, "missing_user_id": 1,
        "labels_read": 5, "labels_accepted": 4, "labels_rejected": 1,
    }  # fmt: skip
    assert {name: count for name, count in counted.items() if count} == wanted_counts
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


def _is_in_the_lake(mirror: Mirror, accepted: dict[str, logs.Row], frauds: list[tuple[str, int]]) -> None:
    """Every accepted transaction, the late one too, and every label: once, and in its partition."""
    stored = flink_job.lake(mirror, "raw/")
    assert sorted(row["transaction_id"] for row in stored) == sorted(accepted)
    for row in stored:
        sent = accepted[row["transaction_id"]]
        assert (row["user_id"], row["amount_minor"], row["device"]) == (sent.user, sent.amount, sent.device)
        moment = iso(sent.t)
        assert row["key"].startswith(f"raw/transactions/date={moment[:10]}/hour={moment[11:13]}/shardId-")
    labels = flink_job.lake(mirror, "labels/")
    assert sorted(row["transaction_id"] for row in labels) == sorted(key for key, _ in frauds)


def _checked(accepted: dict[str, logs.Row], features: dict[str, list[float | None]]) -> Counter[str]:
    """What the quality checks find, asked about one transaction after the other."""
    quality = Quality()
    for key, row in accepted.items():
        transaction = decode_transaction(flink_job.raw(row), row.t, replay=True)
        if key in features:
            values = [nan if value is None else value for value in features[key]]
            quality.accepted(transaction, row.t, values)
        else:
            quality.late(transaction, row.t)
    return quality.found
