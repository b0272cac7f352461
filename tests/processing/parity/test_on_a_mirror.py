"""Real streams, a real consumer and a real reader: what was served, against the batch."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from inference import policy
from inference.deciding import Decider
from inference.decision_log import Spool
from inference.decision_log.sinks.stream import StreamSink
from inference.ids import DecisionIds
from inference.service import DecisionService
from inference.settings import DEFAULT_POLICY
from inference.stores.feature_store import FeatureStoreReader
from pipelines.commands.parity import parity as command
from pipelines.steps import parity as step
from pipelines.steps.container import StepError
from processing.events import decode_transaction
from processing.events.moments import iso
from processing.parity.served import ServedParity, compare_served
from processing.parity.served.collect import Clients, Collector
from processing.parity.served.compare import LAG_MS
from tests.inference.decision_log.sinks import Running, empty, eventually
from tests.processing.stream.mirror import NAMES, Mirror, running

BUCKET = NAMES.lake_bucket("123456789012", "us-east-1")
MINUTE = 60_000


@dataclass(frozen=True)
class Platform(Mirror):
    """The mirror of the stream's tests, with the lake under the name that it is deployed with."""

    @property
    def environ(self) -> dict[str, str]:
        return {**super().environ, "FRAUDLINE_LAKE_BUCKET": BUCKET}

    def send(self, stream: str, document: dict[str, Any], key: str) -> None:
        record = {"Data": json.dumps(document).encode(), "PartitionKey": key}
        self.client("kinesis").put_record(StreamName=NAMES.stream(stream), **record)

    def counters(self) -> dict[str, int]:
        path = self.folder / "consumer" / "counters.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def applied(self, **counts: int) -> None:
        """Wait until the consumer has counted this and everything is delivered."""
        _eventually(
            lambda found: not found.get("pending") and all(found.get(n, 0) >= c for n, c in counts.items()),
            self.counters,
        )


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with running(tmp_path_factory.mktemp("parity")) as mirror:
        platform = Platform(mirror.folder, mirror.port)
        platform.client("s3").create_bucket(Bucket=BUCKET)
        yield platform


class Endpoint:
    """The decision server without its HTTP: it reads, spools and ships as the server does."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._spool = Spool(folder, "worker-0", 1 << 24)
        decider = Decider(policy.load(DEFAULT_POLICY), None, None, self._spool, DecisionIds(), budget_s=60)
        self._service = DecisionService(FeatureStoreReader(NAMES, 2_000), decider, read_budget_s=5)

    def decide(self, document: dict[str, Any]) -> None:
        transaction = decode_transaction(json.dumps(document).encode(), time.time_ns() // 1_000_000, True)
        asyncio.run(self._service.decide(transaction, time.perf_counter()))

    def ship(self) -> None:
        """Bring everything that was decided to the stream."""
        self._spool.close()
        with Running(self._folder, StreamSink.create(NAMES.stream("model-predictions"), NAMES)):
            eventually(lambda: empty(self._folder))


def event(number: int, t_ms: int, user: str = "u-1", merchant: str = "m-1") -> dict[str, Any]:
    return {
        "transaction_id": f"t-{number}", "user_id": user, "merchant_id": merchant, "amount": 10 + number / 4,
        "currency": "EUR", "timestamp": iso(t_ms), "country": "FR", "device": f"d-{number % 3}",
        "location": {"lat": 48.8 + number / 100, "lon": 2.35}, "status": "approved",
    }  # fmt: skip


def _eventually(holds: Callable[[dict[str, int]], bool], look: Callable[[], dict[str, int]]) -> None:
    deadline = time.monotonic() + 60
    while not holds(found := look()):
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


def _play(platform: Platform, endpoint: Endpoint) -> None:
    """Six decisions, of which the first two lack nothing."""
    now = time.time_ns() // 1_000_000 - 60 * MINUTE
    home = {"user_id": "u-1", "event_time": iso(now - 10_000 * MINUTE), "home_country": "FR",
            "home_lat": "48.85", "home_lon": "2.35"}  # fmt: skip
    record = [{"FeatureName": name, "ValueAsString": value} for name, value in home.items()]
    group = NAMES.feature_group("user-profile")
    platform.client("sagemaker-featurestore-runtime").put_record(FeatureGroupName=group, Record=record)
    for number in range(12):
        document = event(number, now - (300 - number) * MINUTE, f"u-{number % 2}", f"m-{number % 3}")
        platform.send("transactions-raw", document, document["user_id"])
    platform.applied(accepted=12)

    for number, user, merchant in ((90, "u-0", "m-0"), (91, "u-0", "m-2")):
        calm = event(number, now - 2_000 + number, user, merchant)
        endpoint.decide(calm)
        platform.send("transactions-raw", calm, user)
        platform.applied(accepted=number - 77)
    first, racing = (event(100 + n, now + n * 1_000) for n in range(2))
    endpoint.decide(first)
    endpoint.decide(racing)  # the first is not even on its way
    platform.send("transactions-raw", first, "u-1")
    platform.send("transactions-raw", racing, "u-1")
    platform.applied(accepted=16)

    tardy, after = event(200, now - 20 * MINUTE), event(201, now + 3_000)
    platform.send("transactions-raw", tardy, "u-1")
    platform.applied(accepted=17, late=1)
    endpoint.decide(after)
    platform.send("transactions-raw", after, "u-1")
    platform.applied(accepted=18)

    blamed = event(300, now + 5_000, "u-0", "m-1")
    endpoint.decide(blamed)
    platform.send("transactions-raw", blamed, "u-0")
    label = {"transaction_id": "t-100", "is_fraud": True, "confidence": 1.0, "fraud_type": "stolen",
             "investigation_complete_time": iso(now + 4_000)}  # fmt: skip
    platform.send("fraud-labels", label, "t-100")
    platform.applied(accepted=19, labels_accepted=1)


def _compare(platform: Platform) -> ServedParity:
    collector = Collector(Clients.of(platform.client), NAMES)
    decisions = collector.decisions(None)
    return compare_served(decisions, collector.inputs(decisions, LAG_MS))


@pytest.mark.slow
def test_late_inputs_are_told_with_their_witnesses_and_a_forged_decision_is_found(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in platform.environ.items():
        monkeypatch.setenv(name, value)
    endpoint = Endpoint(tmp_path / "spool")
    with platform.consumer():
        _play(platform, endpoint)
    endpoint.ship()

    parity = _compare(platform)
    late = {judged.decision.transaction_id: {w.kind for w in judged.witnesses} for judged in parity.late}
    assert parity.mismatched == ()
    assert late == {
        # What is late on the stream is late for every decision after its own time.
        "t-100": {"late-stream"},
        "t-101": {"late-stream", "transaction"},
        "t-201": {"late-stream"},
        "t-300": {"late-stream", "label"},
    }
    assert (parity.decisions, parity.equal) == (6, 2)
    (racing,) = (judged for judged in parity.late if judged.decision.transaction_id == "t-101")
    arrived = {w.input_id: w.late_ms or 0 for w in racing.witnesses if w.kind == "transaction"}
    assert set(arrived) == {"t-100"}
    assert arrived["t-100"] > 0
    assert "after the decision" in str(racing)

    kinesis = platform.client("kinesis")
    stream = NAMES.stream("model-predictions")
    shards = [shard["ShardId"] for shard in kinesis.list_shards(StreamName=stream)["Shards"]]
    records = []
    for shard in shards:
        start = {"StreamName": stream, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
        iterator = kinesis.get_shard_iterator(**start)["ShardIterator"]
        records += kinesis.get_records(ShardIterator=iterator)["Records"]
    forged = next(d for d in (json.loads(r["Data"]) for r in records) if d["transaction_id"] == "t-91")
    forged["features_used"]["user_transaction_count_30d"] += 1
    platform.send("model-predictions", forged, "t-91")
    options = ["--served", "--settle", "0", "--environment", "test", "--json", "--out", str(tmp_path)]
    result = CliRunner().invoke(command, options)
    assert result.exit_code == 1, result.output
    document = json.loads((tmp_path / "parity.json").read_text())
    assert (document["equal"], document["late"], document["mismatched"]) == (2, 4, 1)
    (wrong,) = document["mismatched_decisions"]
    assert (wrong["transaction_id"], wrong["features"]) == ("t-91", ["user_transaction_count_30d"])
    assert (tmp_path / "parity.svg").read_text().startswith("<svg")

    # The nightly step, on the same: it fails, and has written its report and the records all the same.
    monkeypatch.setenv("FRAUDLINE_OPT_ML", str(tmp_path / "ml"))
    soon = iso(time.time_ns() // 1_000_000 + 5 * MINUTE)
    with pytest.raises(StepError, match="1 of 7 decisions were made on features that the batch does not"):
        step.main(["--environment", "test", "--started-at", soon])
    outputs = tmp_path / "ml" / "processing" / "output"
    assert json.loads((outputs / "parity" / "parity.json").read_text())["mismatched"] == 1
    kept = pq.read_table(outputs / "predictions" / "predictions.parquet")
    assert kept.num_rows == 7
    assert json.loads(kept["record"][0].as_py())["transaction_id"] == kept["transaction_id"][0].as_py()
    step.main(["--environment", "test", "--started-at", soon, "--most-mismatches", "1"])
