"""The scratch pad of one micro-batch: what it looked up, and what it changes and puts out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from processing.events import Label, Profile, Transaction
from processing.stream.counters import added
from processing.stream.histories import Histories
from processing.stream.known import Known, Unknown
from processing.stream.quality import Quality
from processing.stream.records import Event, LakeRows, Outgoing, ShardId, ShardPosition
from processing.stream.reports import Reports
from processing.stream.seen import Seen, seen_key
from processing.stream.store import Store

_pack = msgspec.msgpack.Encoder().encode

Profiles = Callable[[Iterable[str]], Mapping[str, Profile | None]]


class Batch:
    """Nothing in here is true before it is committed: a batch that fails is dropped as a whole.

    Args:
        one_by_one: compute each transaction's features before anything else is done with it.

    Attributes:
        keys: `seen_key` of every transaction id, labels' included.
        unknown: users and merchants whose transactions are refused.
        counted: increments of the counters.
        accepted, waiting: what changes in the store, as in `Commit`.
        in_time: transactions that features are computed of, with their arrival times.
        letters: dead letters and late records.
        decisions: the transactions with their features, packed, where they are decided too.

    Raises:
        Interrupted: the consumer has to stop before it could look up what the batch needs.
    """

    def __init__(
        self,
        events: Sequence[Event],
        store: Store,
        profiles: Profiles,
        known: Known | None,
        one_by_one: bool,
    ) -> None:
        transactions = [e.content for e in events if isinstance(e.content, Transaction)]
        ids = {transaction.transaction_id for transaction in transactions}
        ids |= {e.content.transaction_id for e in events if isinstance(e.content, Label)}
        users = {transaction.user_id for transaction in transactions}
        merchants = {transaction.merchant_id for transaction in transactions}
        self._store, self.one_by_one = store, one_by_one
        self.keys = {transaction_id: seen_key(transaction_id) for transaction_id in ids}
        self._known = store.seen(self.keys.values())
        self._early = store.waiting(self.keys.values())
        self.unknown = Unknown() if known is None else known.unknown(users, merchants)
        self.histories = Histories(store, users, merchants, profiles(users), one_by_one)
        self.quality = Quality()
        self.counted: Counter[str] = Counter()
        self.accepted: dict[bytes, Seen] = {}
        self.waiting: dict[bytes, Reports | None] = {}
        self.in_time: list[tuple[Transaction, int]] = []
        self.letters: list[Outgoing] = []
        self.enriched: list[Outgoing] = []
        self.decisions: bytes | None = None
        self.lake_transactions: list[tuple[Transaction, int]] = []
        self.lake_labels: list[Label] = []
        self._newest: dict[ShardId, int | None] = {}
        self._applied: dict[ShardId, str] = {}

    def seen(self, key: bytes) -> Seen | None:
        """The accepted transaction with this key, of this batch or before."""
        return self.accepted.get(key) or self._known.get(key)

    def labels_of(self, key: bytes) -> Reports | None:
        """The labels that were read before their transaction."""
        return self.waiting[key] if key in self.waiting else self._early.get(key)

    def is_before(self, event: Event, behind_ms: int) -> bool:
        """Whether an event is more than so far behind the newest event time of its shard."""
        newest, time_ms = self._newest_ms(event.source), event.time_ms
        return newest is not None and time_ms is not None and time_ms < newest - behind_ms

    def advance(self, event: Event) -> None:
        """An event was applied."""
        source, raw, _, time_ms = event
        newest = self._newest_ms(source)
        if time_ms is not None and (newest is None or time_ms > newest):
            self._newest[source] = time_ms
        self._applied[source] = raw.sequence

    def _newest_ms(self, source: ShardId) -> int | None:
        newest = self._newest.get(source)
        if newest is None and source not in self._newest:
            newest = self._newest[source] = self._store.shard(source.key).newest_ms
        return newest

    @property
    def positions(self) -> dict[bytes, ShardPosition]:
        """How far each shard of the batch is applied, by `ShardId.key`."""
        return {
            source.key: ShardPosition(sequence, self._newest[source])
            for source, sequence in self._applied.items()
        }

    def counters(self, before: Mapping[str, int]) -> dict[str, int]:
        """The counters after this batch."""
        return added(before, self.counted, self.quality.found)

    def outbox(self, first: Event) -> dict[str, bytes]:
        """What has to be delivered, packed; the lake names its files after the batch's first record."""
        payloads: dict[str, bytes] = {}
        if self.enriched:
            payloads["enriched"] = _pack(self.enriched)
        if self.decisions is not None:
            payloads["decisions"] = self.decisions
        if self.letters:
            payloads["dead-letters"] = _pack(self.letters)
        if self.lake_transactions or self.lake_labels:
            shard, sequence = first.source.shard, first.raw.sequence
            payloads["lake"] = _pack(LakeRows(shard, sequence, self.lake_transactions, self.lake_labels))
        return payloads
