"""`kill -9` of a worker loses nothing that it had acknowledged."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.inference.decision_log.killing import Writers
from tests.inference.decision_log.sinks import Memory, Running, empty, eventually


@pytest.mark.slow
def test_everything_acknowledged_is_delivered_once(tmp_path: Path) -> None:
    sink = Memory()
    writers = Writers(tmp_path)
    with Running(tmp_path, sink):
        for _ in range(2):
            writers.run_and_kill(2, 0.15)
        eventually(lambda: empty(tmp_path), 30)
    assert len(writers.acknowledged) > 100
    assert writers.acknowledged <= set(sink.ids)
    assert len(set(sink.ids)) == len(sink.ids)
