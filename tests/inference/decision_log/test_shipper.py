"""The shipper: every sink gets everything at its own pace, and nothing is deleted before."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

import pytest

from inference.decision_log import Spool
from inference.decision_log.cursors import Cursors, Position
from inference.decision_log.segments import segments
from inference.decision_log.shipper import Shipper
from inference.decision_log.status import read_status
from inference.decision_log.tail import Tail
from tests.inference.decision_log.records import prediction
from tests.inference.decision_log.sinks import Memory, Running, empty, eventually

MB = 1024 * 1024


def append(spool: Spool, *numbers: int) -> list[str]:
    spool.append([prediction(number) for number in numbers])
    return [f"d-{number:08d}" for number in numbers]


def test_records_of_all_workers_arrive_once_and_in_their_order(tmp_path: Path) -> None:
    sink = Memory()
    spools = [Spool(tmp_path, f"worker-{number}", 4 * MB) for number in range(3)]
    dead = append(spools[2], 9000, 9001)
    spools[2].close()  # ended before the shipper began
    with Running(tmp_path, sink) as running:
        sent: dict[int, list[str]] = {0: [], 1: []}
        for number in range(200):
            worker = number % 2
            sent[worker] += append(spools[worker], 2 * number, 2 * number + 1)
        eventually(lambda: len(sink.ids) == 402)
        assert sorted(sink.ids) == sorted(sent[0] + sent[1] + dead)
        for worker in sent:
            assert [one for one in sink.ids if one in set(sent[worker])] == sent[worker]
        for spool in spools:
            spool.close()
        eventually(lambda: empty(tmp_path))
    assert running.emptied
    assert sink.closed
    assert running.count("memory", "delivered") == 402
    assert running.count("memory", "lag_s") == 0.0


def test_a_sink_that_is_down_or_hangs_holds_nobody(tmp_path: Path) -> None:
    well, down, hung = Memory("well"), Memory("down"), Memory("hung")
    down.down = True
    hung.hung.clear()
    spool = Spool(tmp_path, "w", 4 * MB)
    sent = append(spool, *range(20))
    spool.close()
    with Running(tmp_path, well, down, hung) as running:
        eventually(lambda: well.ids == sent)
        assert len(segments(tmp_path)) == 1
        eventually(lambda: running.count("down", "error") == "down")
        assert running.count("down", "lag_s") > 0
        down.down = False
        eventually(lambda: down.ids == sent)
        assert len(segments(tmp_path)) == 1
        hung.hung.set()
        eventually(lambda: hung.ids == sent and empty(tmp_path))
        assert running.count("down", "retried") >= 20
        assert running.count("down", "error") is None


def test_a_shipper_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    first, second = Memory(), Memory()
    spool = Spool(tmp_path, "w", 4 * MB)
    sent = append(spool, 1, 2)
    with Running(tmp_path, first):
        eventually(lambda: first.ids == sent)
    more = append(spool, 3)
    spool.close()
    with Running(tmp_path, second):
        eventually(lambda: empty(tmp_path))
    assert second.ids == more


def test_cursors_that_are_lost_deliver_again_under_the_same_names(tmp_path: Path) -> None:
    first, second = Memory(), Memory()
    spool = Spool(tmp_path, "w", 4 * MB)
    append(spool, 1, 2)
    with Running(tmp_path, first):
        eventually(lambda: len(first.ids) == 2)
    append(spool, 3)
    spool.close()
    (tmp_path / "cursor-memory.json").write_bytes(b"not json")
    with Running(tmp_path, second):
        eventually(lambda: empty(tmp_path))
    assert len(second.ids) == 3
    assert second.pieces[0][:2] == first.pieces[0][:2]


def test_a_torn_tail_is_passed_over_once_its_writer_is_gone(tmp_path: Path) -> None:
    sink = Memory()
    spool = Spool(tmp_path, "w", 4 * MB)
    sent = append(spool, 1) + append(spool, 2)
    (segment,) = segments(tmp_path)
    os.truncate(segment.path, segment.size - 5)
    with Running(tmp_path, sink) as running:
        eventually(lambda: sink.ids == sent[:1])
        time.sleep(0.2)
        assert not empty(tmp_path)  # the writer is there: it may be in the middle of its write
        spool.close()
        eventually(lambda: empty(tmp_path))
        assert running.count("memory", "torn_bytes") > 1000
    assert sink.ids == sent[:1]


def test_what_lies_behind_damage_is_delivered(tmp_path: Path) -> None:
    sink = Memory()
    spool = Spool(tmp_path, "w", 4 * MB)
    ends = []
    for number in range(3):
        append(spool, number)
        ends.append(segments(tmp_path)[0].size)
    spool.close()
    path = segments(tmp_path)[0].path
    data = bytearray(path.read_bytes())
    data[ends[0] + 100] ^= 1
    path.write_bytes(data)
    with Running(tmp_path, sink):
        eventually(lambda: empty(tmp_path))
    assert sink.ids == ["d-00000000", "d-00000002"]


def test_a_record_that_a_sink_cannot_take_is_put_aside_alone(tmp_path: Path) -> None:
    sink, other = Memory(), Memory("other")
    sink.poison = {"d-00000005"}
    spool = Spool(tmp_path, "w", 4 * MB)
    sent = append(spool, *range(8)) + append(spool, 8)
    spool.close()
    with Running(tmp_path, sink, other) as running:
        eventually(lambda: empty(tmp_path))
    assert sink.ids == [one for one in sent if one not in sink.poison]
    assert other.ids == sent
    assert running.count("memory", "rejected") == 1
    (line,) = (tmp_path / "rejected-memory.jsonl").read_text().splitlines()
    assert json.loads(line)["decision_id"] == "d-00000005"


def test_records_of_another_release_are_counted_and_passed_over(tmp_path: Path) -> None:
    sink = Memory()
    spool = Spool(tmp_path, "w", 4 * MB)
    spool.append([prediction(1, decision="postpone")])
    sent = append(spool, 2)
    with Running(tmp_path, sink) as running:
        eventually(lambda: sink.ids == sent)
        assert running.count("memory", "unreadable") == 1


def test_what_cannot_be_delivered_in_time_stays(tmp_path: Path) -> None:
    sink = Memory()
    sink.down = True
    spool = Spool(tmp_path, "w", 4 * MB)
    append(spool, 1)
    spool.close()
    with Running(tmp_path, sink, drain_s=0.3) as running:
        pass
    assert running.emptied is False
    assert len(segments(tmp_path)) == 1
    status = read_status(tmp_path)
    assert status is not None
    assert status.sinks["memory"]["error"] == "down"
    assert status.segments == 1
    assert status.updated_at == pytest.approx(time.time(), abs=10)


def test_ending_delivers_what_would_have_waited_for_more(tmp_path: Path) -> None:
    sink = Memory()
    sink.linger_s = 3600
    spool = Spool(tmp_path, "w", 4 * MB)
    sent = append(spool, 1)
    with Running(tmp_path, sink) as running:
        time.sleep(0.3)
        assert sink.ids == []
    assert running.emptied
    assert sink.ids == sent


def test_there_is_one_shipper_for_a_folder(tmp_path: Path) -> None:
    first, second = Memory(), Memory()
    spool = Spool(tmp_path, "w", 4 * MB)
    with Running(tmp_path, first) as running:
        eventually((tmp_path / "status.json").exists)
        with Running(tmp_path, second):
            append(spool, 1)
            eventually(lambda: len(first.ids) == 1)
            running.stop()
            append(spool, 2)
            eventually(lambda: second.ids == ["d-00000002"])


def test_a_shipper_without_sinks_says_that_the_spool_would_fill_up(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="FRAUDLINE_LOG_STREAM"):
        Shipper(tmp_path, [])


def test_a_second_shipper_that_waits_can_be_ended(tmp_path: Path) -> None:
    with Running(tmp_path, Memory()):
        eventually((tmp_path / "status.json").exists)
        waiting = Running(tmp_path, Memory())
        waiting.__enter__()
        time.sleep(0.1)
        waiting.stop()
        assert waiting.emptied is False


def test_a_frame_longer_than_a_read(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "w", 64 * MB)
    spool.append([prediction(number) for number in range(500)])
    tail = Tail(segments(tmp_path)[0])
    reading = tail.read(1)
    assert [frame.records for frame in reading.frames] == [500]
    tail.close()


def test_cursors_forget_segments_that_are_gone(tmp_path: Path) -> None:
    path = tmp_path / "cursor.json"
    cursors = Cursors(path)
    cursors.advance({"a": Position(10, True), "b": Position(5)})
    cursors.keep_only(["b"])
    cursors.advance({"b": Position(6)})
    assert json.loads(path.read_text()) == {"b": {"offset": 6, "done": False}}
    assert Cursors(path).position("a") == Position()


def test_threads_end(tmp_path: Path) -> None:
    with Running(tmp_path, Memory()):
        pass
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("deliver-")]
