"""How fast the stream consumer is: its engine alone, and the whole process against the mirror.

    python -m benchmarks.stream [EVENTS]        # 100,000 by default; about half a minute

Engine: JSON bytes in, features, packed states and outputs committed to the local store; one thread.
Consumer: its own process on one core, the mirror with Kinesis, Feature Store and S3 on the others. It is
stopped while the stream is filled, so that start and producer are not part of the measurement; the clock
stops when every output has arrived.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.results import record
from feature_groups.names import Names
from mirror.demo.producer import Producer, batches
from processing.events import decode_transaction
from processing.generator import Scenario, generate
from processing.sources.records import Record, transaction_records
from processing.stream.engine import Engine
from processing.stream.interpreter import settle
from processing.stream.records import Event, RawRecord, ShardId
from processing.stream.store import Store
from processing.stream.warm import warm
from tests.processing.stream.mirror import NAMES, Mirror, running

_BATCH = 5_000
_SHARD = ShardId("transactions-raw", "shardId-000000000000")
_TICKS = os.sysconf("SC_CLK_TCK")


def main(events: int) -> None:
    """Print and record events per second of CPU and of wall time."""
    warm()
    settle()
    records = list(transaction_records(generate(Scenario(events=events, days=7)).transactions))
    with tempfile.TemporaryDirectory() as folder:
        engine(records[: 2 * _BATCH], Path(folder, "warm"))
        rate = engine(records, Path(folder, "measured"))
    print(f"engine    {rate:>9,.0f} events per CPU second")
    record("stream consumer: engine in process", round(rate), "events per CPU second")
    with tempfile.TemporaryDirectory() as folder:
        wall, cpu = consumer(records, Path(folder))
    print(f"consumer  {wall:>9,.0f} events/s on one core, {cpu:,.0f} per CPU second")
    record("stream consumer: process on one core against the mirror", round(wall), "events/s")
    record("stream consumer: process, outputs delivered", round(cpu), "events per CPU second")


def engine(records: list[Record], folder: Path) -> float:
    """Events per second of CPU time from raw bytes to committed micro-batches."""
    raws = [RawRecord(f"{n:056d}", r.time_ms, r.data, r.partition_key) for n, r in enumerate(records)]
    store = Store(folder)
    applied = Engine(Names("bench"), store, dict.fromkeys)
    begun = time.process_time()
    for start in range(0, len(raws), _BATCH):
        decoded = [
            (raw, decode_transaction(raw.data, raw.arrival_ms, True)) for raw in raws[start : start + _BATCH]
        ]
        store.commit(applied.apply([Event.of(_SHARD, raw, content) for raw, content in decoded]))
    seconds = time.process_time() - begun
    store.close()
    return len(records) / seconds


def consumer(records: list[Record], folder: Path) -> tuple[float, float]:
    """Events per second of wall time and of the consumer's CPU time, until everything is delivered."""
    with running(folder) as mirror, mirror.consumer() as process:
        _wait(mirror, read=0, pending=0)
        core = max(os.sched_getaffinity(0))
        for thread in Path(f"/proc/{process.pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), {core})
        with _stopped(process.pid):
            producer = Producer(mirror.client("kinesis"), NAMES.stream("transactions-raw"))
            for batch in batches(records):
                producer.put(batch)
            spent = _cpu_seconds(process.pid)
        begun = time.perf_counter()
        _wait(mirror, read=len(records), accepted=len(records), pending=0)
        return (
            len(records) / (time.perf_counter() - begun),
            len(records) / (_cpu_seconds(process.pid) - spent),
        )


@contextmanager
def _stopped(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _wait(mirror: Mirror, seconds: float = 300, **expected: int) -> None:
    counters = mirror.folder / "consumer" / "counters.json"
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        counted = json.loads(counters.read_text()) if counters.exists() else {}
        if all(counted.get(name) == value for name, value in expected.items()):
            return
        time.sleep(0.05)
    raise TimeoutError(f"{counters.read_text()}, expected {expected}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
