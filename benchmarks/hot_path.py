"""The whole way of a transaction on the stream, at the design's rate, on this machine.

    python -m benchmarks.hot_path [RATE] [SECONDS]        # 10,000 transactions/s for 60 s by default

Avro bytes in, decoded, validated, deduplicated, committed to the windows of user and merchant, 50 features,
score of 300 trees, exact reasons, policy, and the record in the log of decisions. Open loop: transactions
arrive when the rate says, whether or not the last ones are through; latency counts from there until the
decision is in the spool. The baseline is the same decisions with xgboost's own contributions
(`pred_contribs`), which alone take longer.
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
import threading
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import numpy as np
import xgboost

from benchmarks.results import record
from benchmarks.trained import bundle_dir
from feature_groups.names import Names
from inference import bundle, policy
from inference.deciding import Decider
from inference.decision_log import Spool
from inference.ids import DecisionIds
from inference.scoring.model import Model
from inference.settings import DEFAULT_POLICY
from inference.stream.batches import BatchDecider
from inference.stream.process import Decide, DeciderProcess
from processing.events import decode_transaction
from processing.generator import Scenario, generate
from processing.schemas import current, definition
from processing.schemas.encoding import avro_encoder
from processing.schemas.reading import AvroReader
from processing.schemas.writing import AvroWriter
from processing.sources.records import transaction_records
from processing.stream.engine import Engine
from processing.stream.interpreter import settle
from processing.stream.records import Event, RawRecord, ShardId
from processing.stream.store import Store
from processing.stream.warm import warm

_SHARD = ShardId("transactions-raw", "shardId-000000000000")
_STREAM = "transactions-raw"
_TREES = 300
_WARM_S = 5.0
_MOST_AT_ONCE = 1_000
_LEAST_WAIT_S = 0.005


@dataclass
class Outcome:
    """Of one run: decisions per second, latencies in ms, CPU seconds of both processes, all sorted out."""

    rate: float
    latencies_ms: np.ndarray
    cpu_us: float
    behind_s: float


def payloads(count: int) -> list[bytes]:
    """Transactions of the generator as framed Avro, in event order."""
    encode = avro_encoder(_STREAM, AvroWriter(_STREAM, UUID(int=1)))
    source = generate(Scenario(events=count, days=7, users=20_000, merchants=2_000))
    return [encode(entry.data) for entry in transaction_records(source.transactions)]


def run(model_dir: Path, records: list[bytes], rate: float, folder: Path) -> Outcome:
    """Let transactions arrive at a rate until there are no more."""
    decider = DeciderProcess(_decide(model_dir, folder / "spool"))
    decider.start()
    warm()
    settle()
    store = Store(folder / "store")
    engine = Engine(Names("bench"), store, dict.fromkeys, deciding=True)
    reader = AvroReader(_STREAM, lambda _version: definition(current(_STREAM)))
    sent: deque[tuple[bytes, np.ndarray]] = deque()
    wake, done = threading.Event(), threading.Event()
    latencies: list[np.ndarray] = []

    def deliver() -> None:
        while True:
            wake.wait(0.1)
            wake.clear()
            while sent:
                payload, due = sent.popleft()
                decider.deliver([payload])
                latencies.append(time.perf_counter() - due)
            if done.is_set() and not sent:
                return

    delivering = threading.Thread(target=deliver)
    delivering.start()
    gc.collect()
    gc.freeze()
    begun, at, cpu = time.perf_counter() + 0.2, 0, time.process_time()
    while at < len(records):
        now = time.perf_counter()
        arrived = min(len(records), max(0, int((now - begun) * rate)), at + _MOST_AT_ONCE)
        if arrived - at < _LEAST_WAIT_S * rate and arrived < len(records):
            time.sleep(max(0.0005, begun + (at + _LEAST_WAIT_S * rate) / rate - now))
            continue
        arrival_ms = time.time_ns() // 1_000_000
        events = []
        for number in range(at, arrived):
            raw = RawRecord(f"{number:056d}", arrival_ms, records[number])
            transaction = decode_transaction(raw.data, arrival_ms, True, reader)
            events.append(Event.of(_SHARD, raw, transaction))
        commit = engine.apply(events)
        store.commit(commit)
        due = begun + np.arange(at, arrived) / rate
        sent.append((commit.outbox["decisions"], due))
        wake.set()
        at = arrived
    behind = time.perf_counter() - (begun + len(records) / rate)
    done.set()
    delivering.join()
    elapsed = time.perf_counter() - begun
    own = time.process_time() - cpu
    decider.close()
    store.close()
    children = os.times()
    found = 1000 * np.concatenate(latencies)
    warm_up = min(int(_WARM_S * rate), len(found) // 10)
    return Outcome(
        len(found) / elapsed,
        found[warm_up:],
        1e6 * (own + children.children_user + children.children_system) / len(found),
        behind,
    )


def _decide(model_dir: Path, spool: Path) -> Decide:
    loaded = bundle.load(model_dir)
    assert loaded is not None
    model = Model(loaded, "bench")
    model.warm()
    rules = policy.load(DEFAULT_POLICY)
    log = Spool(spool, "stream", 64 << 30)
    return BatchDecider(Decider(rules, model, "bench", log, DecisionIds(), budget_s=1e9)).decide


def baseline_us(model_dir: Path) -> float:
    """CPU microseconds of `pred_contribs` per transaction, in batches as large as ours."""
    booster = xgboost.Booster(model_file=model_dir / "model.ubj")
    booster.set_param({"nthread": 1})
    rows = np.random.default_rng(1).normal(size=(64, booster.num_features())).astype(np.float32)
    begun, rounds = time.process_time(), 0
    while time.process_time() - begun < 2.0:
        matrix = xgboost.DMatrix(rows, nthread=1)
        booster.predict(matrix, pred_contribs=True, validate_features=False)
        rounds += 1
    return 1e6 * (time.process_time() - begun) / rounds / len(rows)


def main(rate: float, seconds: float) -> None:
    """Measure and record."""
    os.environ["OMP_NUM_THREADS"] = "1"
    model_dir = bundle_dir(_TREES)
    records = payloads(int(rate * seconds))
    with tempfile.TemporaryDirectory() as folder:
        outcome = run(model_dir, records, rate, Path(folder))
    p50, p95, p99, p999 = np.percentile(outcome.latencies_ms, [50, 95, 99, 99.9])
    alone = baseline_us(model_dir)
    print(f"the last transaction was taken {outcome.behind_s:.3f} s after it had arrived")
    name = f"hot path, {rate:,.0f}/s for {seconds:.0f} s, {_TREES} trees"
    record(f"{name}: decided", round(outcome.rate), "transactions/s")
    for label, value in (("p50", p50), ("p95", p95), ("p99", p99), ("p99.9", p999)):
        record(f"{name}: {label}", float(value), "ms from arrival to the recorded decision")
    record(
        f"{name}: CPU",
        outcome.cpu_us,
        "us per transaction, everything",
        "pred_contribs alone, CPU",
        alone / outcome.cpu_us,
    )


if __name__ == "__main__":
    main(
        float(sys.argv[1]) if len(sys.argv) > 1 else 10_000,
        float(sys.argv[2]) if len(sys.argv) > 2 else 60,
    )
