"""Brings the events of all shards into one order, by event time.

Each shard keeps its own order, which is the order it was logged in. Among the shards the earliest
next event goes first. A shard that may still hold earlier events than the others, because it is
read slower, holds the others back, so that a backlog is applied in the order in which it happened.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence

from processing.stream.records import Event
from processing.stream.shards import Shard

# While replaying, a shard at its tip may be fed a moment later than the others.
_REPLAY_PATIENCE_S = 0.5


def take(shards: Sequence[Shard], limit: int, now: float, replay: bool) -> list[Event]:
    """Remove and return at most `limit` events, earliest first.

    Args:
        now: monotonic time, compared with `Shard.filled_at`.
        replay: also wait for shards at their tip that had records a moment ago.
    """
    if any(_holds(shard, now, replay) for shard in shards if not shard.buffer):
        return []
    heads = [(_order(shard), index) for index, shard in enumerate(shards) if shard.buffer]
    heapq.heapify(heads)
    taken: list[Event] = []
    while heads and len(taken) < limit:
        index = heads[0][1]
        shard = shards[index]
        taken.append(shard.buffer.popleft())
        if shard.buffer:
            heapq.heapreplace(heads, (_order(shard), index))
        elif _holds(shard, now, replay):
            break
        else:
            heapq.heappop(heads)
    return taken


def _order(shard: Shard) -> int:
    # A rejected record has no time: it goes as soon as it is its shard's turn.
    time = shard.buffer[0].time_ms
    return -1 if time is None else time


def _holds(shard: Shard, now: float, replay: bool) -> bool:
    """Whether a shard without events in memory may soon have earlier ones than the others."""
    if shard.ended:
        return False
    if shard.behind_ms is None or shard.behind_ms > 0:
        return True
    return replay and now - shard.filled_at < _REPLAY_PATIENCE_S
