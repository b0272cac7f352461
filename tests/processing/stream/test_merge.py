"""The order in which the events of several shards are applied."""

from __future__ import annotations

from processing.events import RejectedRecord
from processing.stream.merge import take
from processing.stream.records import ShardId
from processing.stream.shards import Shard
from tests.processing.builders import transaction
from tests.processing.stream.events import event


def shard(number: int, times: list[int | None], behind_ms: int | None = 0, filled_at: float = 0.0) -> Shard:
    source = ShardId("transactions-raw", f"shard-{number}")
    made = Shard(source, None, behind_ms=behind_ms, filled_at=filled_at)
    for t in times:
        content = RejectedRecord("incomplete", None, "bad") if t is None else transaction(t_ms=t)
        made.buffer.append(event(content, source=source))
    return made


def times(
    shards: list[Shard], limit: int = 100, now: float = 100.0, replay: bool = False
) -> list[int | None]:
    return [e.time_ms for e in take(shards, limit, now, replay)]


def test_the_earliest_event_of_all_shards_goes_first() -> None:
    assert times([shard(0, [1, 4, 5]), shard(1, [2, 3, 6])]) == [1, 2, 3, 4, 5, 6]


def test_a_shard_keeps_its_own_order() -> None:
    assert times([shard(0, [5, 1]), shard(1, [2])]) == [2, 5, 1]


def test_rejected_records_go_at_once() -> None:
    assert times([shard(0, [None, 9]), shard(1, [1])]) == [None, 1, 9]


def test_at_most_limit_events_are_taken_and_the_rest_stays() -> None:
    shards = [shard(0, [1, 3]), shard(1, [2, 4])]
    assert times(shards, limit=3) == [1, 2, 3]
    assert times(shards) == [4]


def test_a_shard_with_a_backlog_holds_the_others_back() -> None:
    assert times([shard(0, [1, 2]), shard(1, [], behind_ms=5)]) == []
    assert times([shard(0, [1, 2]), shard(1, [], behind_ms=None)]) == []
    behind = [shard(0, [1, 5]), shard(1, [2], behind_ms=5)]
    assert times(behind) == [1, 2]


def test_replay_waits_a_moment_for_shards_at_their_tip() -> None:
    shards = [shard(0, [1]), shard(1, [], filled_at=99.8)]
    assert times(shards, replay=True) == []
    assert times(shards, replay=True, now=100.4) == [1]
    assert times([shard(0, [1]), shard(1, [], filled_at=99.8)]) == [1]


def test_an_ended_shard_holds_nobody_back() -> None:
    ended = shard(1, [], behind_ms=None)
    ended.ended = True
    assert times([shard(0, [1]), ended]) == [1]
