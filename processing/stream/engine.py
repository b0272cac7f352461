"""What a micro-batch of events does: counts, features, outputs and the states to commit.

Knows no AWS: events in, a `Commit` out.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from feature_groups import FEATURE_NAMES
from feature_groups.names import Names
from processing.events import Label, Profile, RejectedRecord, Transaction
from processing.events.moments import iso
from processing.features import observe, vector
from processing.stream.counters import fresh
from processing.stream.entities import Entities
from processing.stream.records import BatchOutput, Event, LakeRows, Outgoing, ShardPosition, dead_letter
from processing.stream.reports import WAIT_MS, Reports
from processing.stream.seen import Seen, seen_key
from processing.stream.store import Commit, Store
from processing.windows import LATENESS_MS, MerchantState, UserState

_encode = msgspec.json.Encoder().encode
_pack = msgspec.msgpack.Encoder().encode
_log = logging.getLogger(__name__)

Profiles = Callable[[Iterable[str]], Mapping[str, Profile | None]]


class Engine:
    """Applies micro-batches to the states.

    Args:
        store: where states, positions and counters were committed.
        profiles: looks up the profiles of some user ids, all at once.
        hot_entities: decoded states of each kind to keep in memory.
    """

    def __init__(self, names: Names, store: Store, profiles: Profiles, hot_entities: int = 100_000) -> None:
        self._store = store
        self._profiles_of = profiles
        self._users = Entities(store.users, UserState.decode, UserState, hot_entities)
        self._merchants = Entities(store.merchants, MerchantState.decode, MerchantState, hot_entities)
        self._positions: dict[bytes, ShardPosition] = {}
        self._physical = {name: names.stream(name) for name in ("transactions-raw", "fraud-labels")}
        self._enriched = names.stream("transactions-enriched")
        self._dead_letters = names.dead_letter_stream
        self.counters = fresh(store.counters())

    def apply(self, events: Sequence[Event]) -> Commit:
        """Apply a micro-batch in the given order; `committed` has to follow once it is committed."""
        batch = _Batch(events, self._store, self._profiles_of)
        self._users.prefetch(batch.profiles)
        self._merchants.prefetch(batch.merchants)
        for event in events:
            match event.content:
                case Transaction() as transaction:
                    self.counters["read"] += 1
                    self._transaction(event, transaction, batch)
                case Label() as label:
                    self.counters["labels_read"] += 1
                    self._label(event, label, batch)
                case RejectedRecord() as rejected:
                    self._rejected(event, rejected, batch)
            self._advance(event)
        newest_arrival_ms = max((event.raw.arrival_ms for event in events), default=0)
        self._expire(newest_arrival_ms - WAIT_MS, batch)
        return Commit(
            users=self._users.changed(),
            merchants=self._merchants.changed(),
            seen=batch.accepted,
            waiting=batch.waiting,
            shards={event.source.key: self._positions[event.source.key] for event in events},
            counters=self.counters,
            outbox=batch.outbox(events[0]) if events else {},
            newest_arrival_ms=newest_arrival_ms,
        )

    def committed(self) -> None:
        """The latest `Commit` is in the store."""
        self._users.committed()
        self._merchants.committed()

    def _transaction(self, event: Event, transaction: Transaction, batch: _Batch) -> None:
        key = seen_key(transaction.transaction_id)
        before = batch.seen(key)
        if before is not None and before.duplicates(event.raw.arrival_ms):
            self.counters["duplicates"] += 1
            error = f"{transaction.transaction_id} arrived less than 60 s ago: send each transaction once"
            self._dead_letter(event, "duplicates", "transaction_id", error, batch)
            return
        if self._is_late(event, transaction):
            self.counters["late"] += 1
        else:
            try:
                batch.output.enriched.append(self._features(transaction, batch))
            except Exception as error:  # one bad record must not stop the stream
                _log.exception("processing a record failed")
                self.counters["processing-errors"] += 1
                reason = f"{type(error).__name__}: {error}; replay it once this is fixed"
                self._dead_letter(event, "processing-errors", None, reason, batch)
                return
        self.counters["accepted"] += 1
        arrival_ms = event.raw.arrival_ms
        # What is known of a transaction outlives its being sent again.
        seen = before._replace(arrival_ms=arrival_ms) if before else Seen(arrival_ms, transaction.merchant_id)
        early = batch.labels_of(key)
        if early is not None:
            batch.waiting[key] = None
            self.counters["labels_unmatched"] -= early.labels
            seen = self._learn(seen, early)
        batch.accepted[key] = seen
        batch.output.lake_transactions.append((transaction, arrival_ms))

    def _features(self, transaction: Transaction, batch: _Batch) -> Outgoing:
        user_id, merchant_id = transaction.user_id, transaction.merchant_id
        user, merchant = self._users.touch(user_id), self._merchants.touch(merchant_id)
        values = vector(transaction, batch.profiles.get(user_id), user, merchant)
        data = _encode(
            {
                "transaction_id": transaction.transaction_id,
                "user_id": user_id,
                "merchant_id": merchant_id,
                "timestamp": iso(transaction.timestamp_ms),
                "features": dict(zip(FEATURE_NAMES, values, strict=True)),  # NaN is written as null
            }
        )
        observe(transaction, user, merchant)
        return Outgoing(self._enriched, user_id, data)

    def _is_late(self, event: Event, transaction: Transaction) -> bool:
        """More than watermark and allowed lateness behind the newest event time of its own shard."""
        newest = self._position(event).newest_ms
        return newest is not None and transaction.timestamp_ms < newest - LATENESS_MS

    def _label(self, event: Event, label: Label, batch: _Batch) -> None:
        batch.output.lake_labels.append(label)
        key = seen_key(label.transaction_id)
        seen, reports = batch.seen(key), Reports.of(label, event.raw.arrival_ms)
        if seen is None:  # its transaction comes later, or from a shard that is read later
            early = batch.labels_of(key)
            batch.waiting[key] = reports if early is None else early.joined(reports)
            self.counters["labels_unmatched"] += 1
            return
        learned = self._learn(seen, reports)
        if learned != seen:
            batch.accepted[key] = learned

    def _learn(self, seen: Seen, reports: Reports) -> Seen:
        """Count labels of an accepted transaction and apply them; the earliest report of a fraud holds."""
        repeated = reports.frauds - int(bool(reports.frauds) and seen.fraud_known_ms is None)
        self.counters["labels_duplicates"] += repeated
        self.counters["labels_accepted"] += reports.labels - repeated
        known_ms, before_ms = reports.known_ms, seen.fraud_known_ms
        if known_ms is None or (before_ms is not None and before_ms <= known_ms):
            return seen
        self._merchants.touch(seen.merchant_id).learn_fraud(known_ms, instead_of=before_ms)
        return seen._replace(fraud_known_ms=known_ms)

    def _expire(self, before_ms: int, batch: _Batch) -> None:
        """Give up labels that arrived before `before_ms` and whose transaction never came."""
        for key, reports in self._store.waiting_since(before_ms).items():
            if key not in batch.waiting:
                batch.waiting[key] = None
                self.counters["labels_unmatched"] -= reports.labels
                self.counters["labels_expired"] += reports.labels

    def _rejected(self, event: Event, rejected: RejectedRecord, batch: _Batch) -> None:
        if event.source.stream == "fraud-labels":
            self.counters["labels_read"] += 1
            self.counters["labels_rejected"] += 1
        else:
            self.counters["read"] += 1
            self.counters[rejected.kind] += 1
        self._dead_letter(event, rejected.kind, rejected.field, str(rejected), batch)

    def _dead_letter(self, event: Event, kind: str, field: str | None, error: str, batch: _Batch) -> None:
        data = dead_letter(event, self._physical[event.source.stream], kind, field, error)
        batch.output.dead_letters.append(Outgoing(self._dead_letters(kind), event.raw.sequence, data))

    def _position(self, event: Event) -> ShardPosition:
        key = event.source.key
        if key not in self._positions:
            self._positions[key] = self._store.shard(key)
        return self._positions[key]

    def _advance(self, event: Event) -> None:
        newest = self._position(event).newest_ms
        time = event.time_ms
        if time is not None and (newest is None or time > newest):
            newest = time
        self._positions[event.source.key] = ShardPosition(event.raw.sequence, newest)


class _Batch:
    """The scratch pad of one micro-batch."""

    def __init__(self, events: Sequence[Event], store: Store, profiles: Profiles) -> None:
        transactions = [e.content for e in events if isinstance(e.content, Transaction)]
        ids = {transaction.transaction_id for transaction in transactions}
        ids |= {e.content.transaction_id for e in events if isinstance(e.content, Label)}
        keys = [seen_key(transaction_id) for transaction_id in ids]
        self._known = store.seen(keys)
        self._early = store.waiting(keys)
        self.merchants = {transaction.merchant_id for transaction in transactions}
        self.profiles = profiles({transaction.user_id for transaction in transactions})
        self.accepted: dict[bytes, Seen] = {}
        self.waiting: dict[bytes, Reports | None] = {}  # what changes in the store
        self.output = BatchOutput()

    def seen(self, key: bytes) -> Seen | None:
        return self.accepted.get(key) or self._known.get(key)

    def labels_of(self, key: bytes) -> Reports | None:
        """The labels that were read before their transaction."""
        return self.waiting[key] if key in self.waiting else self._early.get(key)

    def outbox(self, first: Event) -> dict[str, bytes]:
        """What has to be delivered, packed; the lake names its files after the batch's first record."""
        out = self.output
        payloads: dict[str, bytes] = {}
        if out.enriched:
            payloads["enriched"] = _pack(out.enriched)
        if out.dead_letters:
            payloads["dead-letters"] = _pack(out.dead_letters)
        if out.lake_transactions or out.lake_labels:
            shard, sequence = first.source.shard, first.raw.sequence
            payloads["lake"] = _pack(LakeRows(shard, sequence, out.lake_transactions, out.lake_labels))
        return payloads
