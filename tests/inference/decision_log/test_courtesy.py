"""The shipper's threads give way, and come back."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest

from inference.decision_log.courtesy import Courtesy

pytestmark = pytest.mark.skipif(not hasattr(os, "SCHED_IDLE"), reason="scheduling classes are Linux's")


@pytest.fixture
def thread() -> Iterator[int]:
    """A thread that waits."""
    end, started = threading.Event(), threading.Event()
    found: list[int] = []

    def wait() -> None:
        found.append(threading.get_native_id())
        started.set()
        end.wait()

    waiting = threading.Thread(target=wait)
    waiting.start()
    started.wait()
    yield found[0]
    end.set()
    waiting.join()


def test_all_but_the_thread_that_decides_give_way_until_they_are_behind(thread: int) -> None:
    courtesy = Courtesy()
    given = os.SCHED_IDLE if courtesy.allowed else os.SCHED_OTHER  # without CAP_SYS_NICE it stays what it is
    try:
        courtesy.give_way()
        assert os.sched_getscheduler(thread) == given
        assert os.sched_getscheduler(0) == os.SCHED_OTHER
    finally:
        courtesy.give_way(unless=True)
    assert os.sched_getscheduler(thread) == os.SCHED_OTHER


def test_nobody_becomes_idle_who_could_not_come_back(thread: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container without CAP_SYS_NICE: the way into SCHED_IDLE is open, the way out is not."""
    changed: list[tuple[int, int]] = []

    def schedule(one: int, policy: int, _: os.sched_param) -> None:
        changed.append((one, policy))
        if policy != os.SCHED_IDLE:
            raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", schedule)
    courtesy = Courtesy()
    assert changed == [(0, os.SCHED_IDLE), (0, os.SCHED_OTHER)]  # a thread of its own, which has ended
    courtesy.give_way()
    assert len(changed) == 2
    assert not courtesy.allowed
