"""The loop: read, merge, apply, commit, deliver."""

from __future__ import annotations

import logging
import math
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from msgspec import structs

from processing.events import Label, RejectedRecord, Transaction, decode_label, decode_transaction
from processing.schemas.reading import AvroReader
from processing.schemas.registry import glue_definitions
from processing.stream.clients import Clients
from processing.stream.counters import export
from processing.stream.delivery import Deliver
from processing.stream.engine import Engine
from processing.stream.known import Known
from processing.stream.look_up import merchants, profiles
from processing.stream.merge import take
from processing.stream.metrics import Metrics
from processing.stream.monitor import Measure, Reading
from processing.stream.outputs import Outputs
from processing.stream.progress import PERIOD_S
from processing.stream.records import RawRecord
from processing.stream.replays import is_replay
from processing.stream.retry import Interrupted
from processing.stream.settings import StreamSettings
from processing.stream.shards import Decode, Shard, StreamReader
from processing.stream.store import Commit, Store

_log = logging.getLogger(__name__)
_REPORT_SECONDS = 10.0
_EXPORT_SECONDS = 0.1
_IDLE_SECONDS = 0.02
_DRAIN_SECONDS = 5.0
_STRANGER_SECONDS = 2.0


class Consumer:
    """Consumes transactions and labels until `stop` is set.

    Args:
        decide: takes transactions with their features (`processing.stream.featured`), if anybody does.
    """

    def __init__(
        self,
        settings: StreamSettings,
        clients: Clients,
        stop: threading.Event,
        decide: Deliver | None = None,
    ) -> None:
        self._settings, self._stop = settings, stop
        self._deciding = decide is not None
        self._store = Store(settings.state / "store")
        names = settings.names
        self._engine = self._made_engine(clients.features)
        self._outputs = Outputs(settings, clients, self._store, decide)
        definitions = glue_definitions(clients.glue)
        self._avro = {name: AvroReader(name, definitions) for name in ("transactions-raw", "fraud-labels")}
        self._readers = [
            self._reader(clients, "transactions-raw", self._transaction),
            self._reader(clients, "fraud-labels", self._label),
        ]
        self._pool = ThreadPoolExecutor(8, thread_name_prefix="read")
        self._reading: dict[int, Future[None]] = {}
        self._metrics = Metrics(clients.cloudwatch, names.environment, self._figures, stop, self._measured)
        self._report_at = self._export_at = self._progress_at = 0.0
        self._exported: dict[str, int] = {}

    def _made_engine(self, features: Any) -> Engine:
        names, required = self._settings.names, self._settings.require_known
        replaying = self._settings.replay
        if not required:
            users = profiles(features, names)
            return Engine(names, self._store, users, deciding=self._deciding, replaying=replaying)
        # Whoever just signed up shall not wait for long.
        users = profiles(features, names, absent_seconds=_STRANGER_SECONDS)
        shops = merchants(features, names, absent_seconds=_STRANGER_SECONDS)
        known = Known(required, users, shops, self._store.merchants, self._stop)
        return Engine(names, self._store, users, known, deciding=self._deciding, replaying=replaying)

    def _reader(self, clients: Clients, stream: str, decode: Decode) -> StreamReader:
        physical = self._settings.names.stream(stream)
        pause = self._settings.poll_seconds
        return StreamReader(clients.kinesis, stream, physical, self._store.shard, decode, pause)

    def run(self) -> None:
        """Consume until stopped, then deliver what is committed.

        Raises:
            ClientError: a stream does not exist.
        """
        _log.info(
            "consumer started", extra={"fields": {"state": str(self._settings.state), **self._figures()}}
        )
        self._outputs.start()
        self._metrics.start()
        try:
            while not self._stop.is_set():
                if not self.step():
                    self._stop.wait(_IDLE_SECONDS)
        except Interrupted:
            _log.info("stopped while the Feature Store did not answer; its batch is read again")
        finally:
            self._stop.set()
            self._pool.shutdown(cancel_futures=True)
            self._outputs.close(_DRAIN_SECONDS)
            self._acknowledge()
            self._export(math.inf)
            self._store.close()
            _log.info("consumer stopped", extra={"fields": self._figures()})

    def step(self) -> bool:
        """One round; returns whether it made progress."""
        now = time.monotonic()
        self._read(now)
        worked = not self._outputs.congested and self._apply(now)
        worked = self._retire() or worked
        if not worked:
            worked = self._acknowledge()
        self._progress(now)
        self._outputs.release(caught_up=self._lag_ms == 0 and not worked)
        self._export(now)
        if now >= self._report_at:
            self._report_at = now + _REPORT_SECONDS
            _log.info("progress", extra={"fields": self._figures()})
        return worked

    @property
    def _shards(self) -> list[Shard]:
        return [shard for reader in self._readers for shard in reader.shards.values()]

    @property
    def _lag_ms(self) -> int:
        """How far behind the tips the shards are; events already in memory count as 1 ms at least."""
        behind = [shard.behind_ms or int(bool(shard.buffer)) for shard in self._shards]
        return max(behind, default=0)

    def _measured(self) -> dict[Measure, Reading]:
        """What the monitor tells; where all is read, a minute without records is an empty one."""
        caught_up = bool(self._shards) and self._lag_ms == 0
        return self._engine.monitor.measured(time.time_ns() // 1_000_000 if caught_up else None)

    def _progress(self, now: float) -> None:
        """Once a second, note up to when everything that arrived is committed."""
        if now < self._progress_at:
            return
        self._progress_at = now + PERIOD_S
        reached = [shard.applied_to_ms for shard in self._shards if not (shard.ended and not shard.buffer)]
        known = [arrival_ms for arrival_ms in reached if arrival_ms is not None]
        if known and len(known) == len(reached):
            self._outputs.processed_to(min(known))

    def _read(self, now: float) -> None:
        """Start a read of every shard that is due and not being read."""
        for reader in self._readers:
            for shard in reader.discover(now):
                self._inherit(shard)
            for shard in reader.shards.values():
                running = self._reading.get(id(shard))
                if running is not None:
                    if not running.done():
                        continue
                    running.result()  # a failure that must end the consumer is raised here
                    del self._reading[id(shard)]
                if reader.wants(shard, now):
                    self._reading[id(shard)] = self._pool.submit(reader.read, shard)

    def _inherit(self, shard: Shard) -> None:
        """What is late in a new shard is told by its parents' newest event, as if it had never been split."""
        position = self._store.shard(shard.id.key)
        known = [self._store.shard(parent.key).newest_ms for parent in shard.parents]
        newest_ms = max((time_ms for time_ms in known if time_ms is not None), default=None)
        if position.newest_ms is None and newest_ms is not None:
            inherited = structs.replace(position, newest_ms=newest_ms)
            self._store.commit(Commit(shards={shard.id.key: inherited}))

    def _apply(self, now: float) -> bool:
        events = take(self._shards, self._settings.batch_size, now, self._settings.replay)
        if not events:
            return False
        commit = self._engine.apply(events)
        arrived = self._outputs.acknowledged()
        if arrived is not None:
            commit = replace(commit, delivered=arrived.delivered, published=arrived.published)
        number = self._store.commit(commit)
        self._outputs.committed(commit, number)
        return True

    def _acknowledge(self) -> bool:
        arrived = self._outputs.acknowledged()
        if arrived is None:
            return False
        self._store.commit(arrived)
        return True

    def _retire(self) -> bool:
        """Commit the end of closed shards, so that their children may begin."""
        retired = False
        for reader in self._readers:
            for shard in list(reader.shards.values()):
                if shard.ended and not shard.buffer:
                    key = shard.id.key
                    finished = structs.replace(self._store.shard(key), finished=True)
                    self._store.commit(Commit(shards={key: finished}))
                    reader.forget(shard)
                    retired = True
        return retired

    def _transaction(self, raw: RawRecord) -> Transaction | RejectedRecord:
        try:
            # Its arrival, not the present, is what a transaction's age is measured against: a
            # consumer that was down does not make good records stale.
            replay = self._settings.replay or is_replay(raw.partition_key)
            return decode_transaction(raw.data, raw.arrival_ms, replay, self._avro["transactions-raw"])
        except RejectedRecord as rejected:
            return rejected

    def _label(self, raw: RawRecord) -> Label | RejectedRecord:
        try:
            return decode_label(raw.data, raw.arrival_ms, self._avro["fraud-labels"])
        except RejectedRecord as rejected:
            return rejected

    def _figures(self) -> dict[str, int]:
        return {**self._engine.counters, "lag_ms": self._lag_ms, "pending": self._outputs.pending}

    def _export(self, now: float) -> None:
        """Write the counters out when they changed, at most ten times a second: a rename is slow."""
        figures = self._figures()
        if figures != self._exported and now >= self._export_at:
            export(self._settings.state / "counters.json", figures)
            self._exported, self._export_at = figures, now + _EXPORT_SECONDS
