"""Everything that leaves the consumer after a commit, and what has arrived."""

from __future__ import annotations

import threading
import time

import msgspec

from processing.stream import dead_letters
from processing.stream.clients import Clients
from processing.stream.delivery import Deliver, Delivery
from processing.stream.kinesis_calls import KinesisCalls
from processing.stream.lake_layout import LakeLayout
from processing.stream.lake_writer import LakeWriter
from processing.stream.publishing import Publishing
from processing.stream.put_records import put_records
from processing.stream.records import Outgoing
from processing.stream.settings import StreamSettings
from processing.stream.sinks_of import sinks_of
from processing.stream.store import Commit, Store

_decoder = msgspec.msgpack.Decoder(list[Outgoing])
_ABORT_SECONDS = 2.0
_MOST_PENDING = 256 << 20  # bytes in one outbox before reading pauses


class Outputs:
    """The background threads: one per outbox, those that write the online stores, and the lake's layout.

    Args:
        decide: takes transactions with their features (`processing.stream.featured`), if anybody does.
    """

    def __init__(
        self, settings: StreamSettings, clients: Clients, store: Store, decide: Deliver | None = None
    ) -> None:
        self._settings, self._clients = settings, clients
        self._drain, self._abort = threading.Event(), threading.Event()
        self._kinesis = KinesisCalls(clients.kinesis)
        self._lake = LakeWriter(
            clients.s3,
            settings.lake_bucket,
            settings.lake_rows,
            settings.lake_seconds,
            self._drain,
            self._abort,
        )
        self._layout = LakeLayout(clients.s3, clients.sts, settings.names, settings.lake_bucket, self._drain)
        self._deliveries = [
            Delivery("enriched", store, self._enriched, self._drain),
            Delivery("dead-letters", store, self._dead_letters, self._drain),
            Delivery("lake", store, self._lake.deliver, self._drain),
        ]
        if decide is not None:
            self._deliveries.append(Delivery("decisions", store, decide, self._drain))
        self._publishing = Publishing(store, sinks_of(settings, clients, store, self._abort), self._drain)

    def start(self) -> None:
        self._layout.start()
        for delivery in self._deliveries:
            delivery.start()
        self._publishing.start()

    @property
    def congested(self) -> bool:
        """Whether so much waits to be delivered that reading should pause."""
        return any(delivery.pending_bytes > _MOST_PENDING for delivery in self._deliveries)

    @property
    def pending(self) -> int:
        """Payloads and entities that have not arrived yet."""
        return sum(delivery.pending for delivery in self._deliveries) + self._publishing.pending

    def committed(self, commit: Commit, number: int) -> None:
        """Start to deliver what a commit contains."""
        for delivery in self._deliveries:
            if delivery.name in commit.outbox:
                delivery.committed(len(commit.outbox[delivery.name]))
        changed = [b"u" + user.encode() for user in commit.users]
        changed += [b"m" + merchant.encode() for merchant in commit.merchants]
        self._publishing.committed(changed, number)

    def processed_to(self, arrival_ms: int) -> None:
        """Everything that arrived before then is committed: tell the online stores, once they have it."""
        self._publishing.processed_to(arrival_ms)

    def release(self, caught_up: bool) -> None:
        """Let changed entities go to the online stores: at once, or from time to time in a backlog."""
        self._lake.caught_up = caught_up
        self._publishing.release(0.0 if caught_up else self._settings.publish_seconds)

    def acknowledged(self) -> Commit | None:
        """What arrived since the last call, to be committed; None for nothing."""
        delivered = [entry for delivery in self._deliveries for entry in delivery.take_delivered()]
        published = self._publishing.take_published()
        return Commit(delivered=delivered, published=published) if delivered or published else None

    def close(self, seconds: float) -> None:
        """Deliver what waits, for at most `seconds`; the rest stays for the next start."""
        end = time.monotonic() + seconds
        self._drain.set()
        self._join(end)
        self._abort.set()
        self._join(time.monotonic() + _ABORT_SECONDS)
        self._publishing.close()

    def _join(self, end: float) -> None:
        waiters: tuple[Delivery | Publishing, ...] = (*self._deliveries, self._publishing)
        for waiter in waiters:
            waiter.join(max(0.0, end - time.monotonic()))

    def _enriched(self, payloads: list[bytes]) -> int:
        return int(put_records(self._kinesis, _decoder.decode(payloads[0]), self._abort))

    def _dead_letters(self, payloads: list[bytes]) -> int:
        records = _decoder.decode(payloads[0])
        bucket = self._settings.lake_bucket
        done = dead_letters.deliver(self._kinesis, self._clients.s3, bucket, records, self._abort)
        return int(done)
