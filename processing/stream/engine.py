"""What a micro-batch of events does: counts, features, outputs and the states to commit.

Knows no AWS: events in, a `Commit` out.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

from feature_groups.names import Names
from processing.events import Label, RejectedRecord, Transaction
from processing.stream.batch import Batch, Profiles
from processing.stream.counters import fresh
from processing.stream.enriched import enriched
from processing.stream.featured import pack
from processing.stream.known import Known
from processing.stream.monitor import Monitor
from processing.stream.records import Event, Outgoing, dead_letter
from processing.stream.reports import WAIT_MS, Reports
from processing.stream.seen import Seen
from processing.stream.store import Commit, Store
from processing.windows import LATENESS_MS

_log = logging.getLogger(__name__)


class Engine:
    """Applies micro-batches to what the store holds.

    Args:
        store: where states, positions and counters were committed.
        profiles: looks up the profiles of some user ids, all at once.
        known: refuses transactions of unknown users or merchants; without it nobody is unknown.
        deciding: put transactions with their features into the outbox ``decisions`` too.
        replaying: history is played in, see `Monitor`.

    Attributes:
        monitor: what arrived, by minute.
        counters: as of the latest `Commit`.
    """

    def __init__(
        self,
        names: Names,
        store: Store,
        profiles: Profiles,
        known: Known | None = None,
        *,
        deciding: bool = False,
        replaying: bool = False,
    ) -> None:
        self._store, self._profiles, self._known = store, profiles, known
        self._deciding = deciding
        self._physical = {name: names.stream(name) for name in ("transactions-raw", "fraud-labels")}
        self._enriched = names.stream("transactions-enriched")
        self._late = names.stream("transactions-late")
        self._dead_letters = names.dead_letter_stream
        self.counters = fresh(store.counters())
        self.monitor = Monitor(store.monitor(), replaying=replaying)

    def apply(self, events: Sequence[Event]) -> Commit:
        """Apply a micro-batch in the given order.

        Everything but `counters` is read from the store, where the `Commit` has to be before the next call.

        Raises:
            Interrupted: the consumer has to stop before it could look up what the batch needs.
        """
        batch = self._batch(events, one_by_one=False)
        try:
            self._run(events, batch)
        except Exception:  # one bad record or state must not stop the stream: find it, let the others pass
            _log.exception("applying %d events at once failed, applying them one by one", len(events))
            batch = self._batch(events, one_by_one=True)
            self._run(events, batch)
        newest_arrival_ms = max((event.raw.arrival_ms for event in events), default=0)
        self._expire(newest_arrival_ms - WAIT_MS, batch)
        self.counters = batch.counters(self.counters)
        seen = self.monitor.add(
            events, batch.in_time, batch.histories.features(), time.time_ns() // 1_000_000
        )
        return Commit(
            users=batch.histories.users,
            merchants=batch.histories.merchants,
            seen=batch.accepted,
            waiting=batch.waiting,
            shards=batch.positions,
            counters=self.counters,
            outbox=batch.outbox(events[0]) if events else {},
            newest_arrival_ms=newest_arrival_ms,
            newest_event_ms=max((t.timestamp_ms for t, _ in batch.in_time), default=0),
            monitor=seen,
        )

    def _batch(self, events: Sequence[Event], one_by_one: bool) -> Batch:
        return Batch(events, self._store, self._profiles, self._known, one_by_one)

    def _run(self, events: Sequence[Event], batch: Batch) -> None:
        for event in events:
            try:
                self._event(event, batch)
            except Exception as error:
                if not batch.one_by_one:
                    raise
                self._failed(event, error, batch)
            batch.advance(event)
        features = batch.histories.features()
        if self._deciding and features:
            batch.decisions = pack(batch.in_time, features)
        batch.enriched = enriched(self._enriched, [t for t, _ in batch.in_time], features)
        for (transaction, arrival_ms), values in zip(batch.in_time, features, strict=True):
            batch.quality.accepted(transaction, arrival_ms, values)

    def _event(self, event: Event, batch: Batch) -> None:
        """Apply one event; what may raise comes before anything is changed."""
        content = event.content
        if isinstance(content, Transaction):
            self._transaction(event, content, batch)
            batch.counted["read"] += 1
        elif isinstance(content, Label):
            self._label(event, content, batch)
            batch.counted["labels_read"] += 1
        else:
            self._rejected(event, content, batch)

    def _transaction(self, event: Event, transaction: Transaction, batch: Batch) -> None:
        arrival_ms = event.raw.arrival_ms
        key = batch.keys[transaction.transaction_id]
        before = batch.seen(key)
        if before is not None and before.duplicates(arrival_ms):
            batch.counted["duplicates"] += 1
            error = f"{transaction.transaction_id} arrived less than 60 s ago: send each transaction once"
            self._dead_letter(event, "duplicates", "transaction_id", error, batch)
            return
        refusal = batch.unknown.refusal(transaction) if any(batch.unknown) else None
        if refusal is not None:
            batch.counted[refusal.kind] += 1
            batch.quality.unknown(refusal)
            self._dead_letter(event, refusal.kind, refusal.field, str(refusal), batch)
            return
        late = batch.is_before(event, LATENESS_MS)
        if not late:
            batch.histories.add(transaction)
        # What is known of a transaction outlives its being sent again.
        seen = before._replace(arrival_ms=arrival_ms) if before else Seen(arrival_ms, transaction.merchant_id)
        early = batch.labels_of(key)
        if early is not None:
            seen = self._learn(seen, early, batch)
            batch.waiting[key] = None
            batch.counted["labels_unmatched"] -= early.labels
        batch.accepted[key] = seen
        batch.counted["accepted"] += 1
        batch.lake_transactions.append((transaction, arrival_ms))
        if late:
            self._leave_out(event, transaction, batch)
        else:
            batch.in_time.append((transaction, arrival_ms))

    def _leave_out(self, event: Event, transaction: Transaction, batch: Batch) -> None:
        """A late transaction is in the lake, and so in the batch features; the stream's do not know it."""
        batch.counted["late"] += 1
        batch.quality.late(transaction, event.raw.arrival_ms)
        error = f"more than {LATENESS_MS // 60_000} minutes behind its shard: only the batch features have it"
        data = dead_letter(event, self._physical["transactions-raw"], "late", "timestamp", error)
        batch.letters.append(Outgoing(self._late, transaction.user_id, data))

    def _label(self, event: Event, label: Label, batch: Batch) -> None:
        key = batch.keys[label.transaction_id]
        seen, reports = batch.seen(key), Reports.of(label, event.raw.arrival_ms)
        if seen is None:  # its transaction comes later, or from a shard that is read later
            early = batch.labels_of(key)
            batch.waiting[key] = reports if early is None else early.joined(reports)
            batch.counted["labels_unmatched"] += 1
        else:
            learned = self._learn(seen, reports, batch)
            if learned != seen:
                batch.accepted[key] = learned
        batch.lake_labels.append(label)

    def _learn(self, seen: Seen, reports: Reports, batch: Batch) -> Seen:
        """Apply labels of an accepted transaction and count them; the earliest report of a fraud holds."""
        known_ms, before_ms = reports.known_ms, seen.fraud_known_ms
        earlier = known_ms is not None and (before_ms is None or known_ms < before_ms)
        if known_ms is not None and earlier:
            batch.histories.learn_fraud(seen.merchant_id, known_ms, instead_of=before_ms)
        repeated = reports.frauds - int(bool(reports.frauds) and before_ms is None)
        batch.counted["labels_duplicates"] += repeated
        batch.counted["labels_accepted"] += reports.labels - repeated
        return seen._replace(fraud_known_ms=known_ms) if earlier else seen

    def _expire(self, before_ms: int, batch: Batch) -> None:
        """Give up labels that arrived before `before_ms` and whose transaction never came."""
        for key, reports in self._store.waiting_since(before_ms).items():
            if key not in batch.waiting:
                batch.waiting[key] = None
                batch.counted["labels_unmatched"] -= reports.labels
                batch.counted["labels_expired"] += reports.labels

    def _rejected(self, event: Event, rejected: RejectedRecord, batch: Batch) -> None:
        if event.source.stream == "fraud-labels":
            batch.counted["labels_read"] += 1
            batch.counted["labels_rejected"] += 1
        else:
            batch.counted["read"] += 1
            batch.counted[rejected.kind] += 1
            batch.quality.refused(rejected)
        self._dead_letter(event, rejected.kind, rejected.field, str(rejected), batch)

    def _failed(self, event: Event, error: Exception, batch: Batch) -> None:
        """Put aside a record that could not be processed; nothing of it was applied."""
        _log.error("processing %s of %s failed: %r", event.raw.sequence, event.source.shard, error)
        message = f"{type(error).__name__}: {error}; replay it once this is fixed"
        self._rejected(event, RejectedRecord("processing-errors", None, message), batch)

    def _dead_letter(self, event: Event, kind: str, field: str | None, error: str, batch: Batch) -> None:
        data = dead_letter(event, self._physical[event.source.stream], kind, field, error)
        batch.letters.append(Outgoing(self._dead_letters(kind), event.raw.sequence, data))
