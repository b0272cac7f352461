"""Events as the consumer sees them, without a stream."""

from __future__ import annotations

from itertools import count

from processing.events import Label, RejectedRecord, Transaction
from processing.stream.records import Event, RawRecord, ShardId

TRANSACTIONS = ShardId("transactions-raw", "shardId-000000000000")
LABELS = ShardId("fraud-labels", "shardId-000000000000")
_sequence = count(1)


def event(
    content: Transaction | Label | RejectedRecord,
    arrival_ms: int = 0,
    source: ShardId | None = None,
    data: bytes = b"{}",
) -> Event:
    where = source or (LABELS if isinstance(content, Label) else TRANSACTIONS)
    return Event.of(where, RawRecord(f"{next(_sequence):056d}", arrival_ms, data), content)
