"""Online stores at their own pace: progress, filling, and one that is down."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from processing.online.writing import OnlineUnavailableError
from processing.stream import progress
from processing.stream.publishing import Publishing
from processing.stream.store import Commit, Store
from processing.windows import UserState
from tests.processing.builders import NOW


class Sink:
    """A sink that keeps what it got, and can be down."""

    threads, most = 2, 3

    def __init__(self, name: str, *, empty: bool = False) -> None:
        self.name = name
        self.up = threading.Event()
        self.up.set()
        self.empty = empty
        self.written: list[bytes] = []
        self.reported: list[int] = []

    def publish(self, keys: Sequence[bytes]) -> bool:
        if self.up.is_set():
            self.written += keys
        return self.up.is_set()

    def report(self, processed_to_ms: int) -> None:
        if not self.up.is_set():
            raise OnlineUnavailableError("down")
        self.reported.append(processed_to_ms)

    def is_empty(self) -> bool:
        return self.empty

    def close(self) -> None:
        pass


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path, map_size=1 << 26)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PERIOD_S", 0.01)


class Running:
    """Publishing with its threads; leaving stops them."""

    def __init__(self, store: Store, *sinks: Sink) -> None:
        self.store, self.drain = store, threading.Event()
        self.publishing = Publishing(store, sinks, self.drain)

    def __enter__(self) -> Running:
        self.publishing.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.drain.set()
        self.publishing.join(10)

    def change(self, *users: str) -> None:
        number = self.store.commit(Commit(users=dict.fromkeys(users, b"state")))
        self.publishing.committed([b"u" + user.encode() for user in users], number)

    def acknowledge(self) -> None:
        self.publishing.release()
        self.store.commit(Commit(published=self.publishing.take_published()))

    def until(self, done: Callable[[], bool]) -> None:
        end = time.monotonic() + 20
        while not done():
            assert time.monotonic() < end
            self.acknowledge()
            time.sleep(0.005)


def test_progress_waits_for_everything_before_it(store: Store) -> None:
    sink = Sink("one")
    with Running(store, sink) as running:
        sink.up.clear()
        running.change("hot", "cold")
        running.publishing.processed_to(1000)
        running.change("hot")  # newly changed, it still lacks what changed before
        running.publishing.processed_to(2000)
        running.acknowledge()
        time.sleep(0.1)
        assert sink.reported == []
        sink.up.set()
        running.until(lambda: sink.reported != [])
        running.until(lambda: sink.reported[-1] == 2000)
        assert sorted(set(sink.reported)) == sink.reported
        running.publishing.processed_to(3000)  # nothing came, time went on
        running.until(lambda: sink.reported[-1] == 3000)


def test_a_commit_that_still_waits_holds_progress_back(store: Store) -> None:
    sink = Sink("one")
    with Running(store, sink) as running:
        running.change("first")
        running.until(lambda: not store.dirty())
        running.publishing.processed_to(1000)
        running.change("second")  # nothing releases it
        running.publishing.processed_to(2000)
        deadline = time.monotonic() + 10
        while not sink.reported and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(0.1)
        assert sink.reported == [1000]


def test_a_sink_that_is_down_delays_no_other_and_gets_everything_later(store: Store) -> None:
    healthy, broken = Sink("healthy"), Sink("broken")
    broken.up.clear()
    with Running(store, healthy, broken) as running:
        running.change("a", "b")
        running.publishing.processed_to(1000)
        running.until(lambda: healthy.reported == [1000])
        assert sorted(healthy.written) == [b"ua", b"ub"]
        assert sorted(store.dirty()) == [b"ua", b"ub"]
        assert running.publishing.pending == 2
        running.change("a")
        broken.up.set()
        running.until(lambda: not store.dirty() and not running.publishing.pending)
        assert set(broken.written) == {b"ua", b"ub"}
        running.until(lambda: broken.reported == [1000])


def test_a_new_sink_is_filled_before_it_reports_progress(store: Store) -> None:
    known = {f"u{n}": b"state" for n in range(20)}
    number = store.commit(Commit(users=known, merchants={"m": b"state"}))
    store.commit(Commit(published=dict.fromkeys(store.dirty(), number)))
    assert not store.dirty()
    old, new = Sink("old"), Sink("new", empty=True)
    with Running(store, old, new) as running:
        running.change("u3")
        running.publishing.processed_to(1000)
        running.until(lambda: new.reported == [1000] and old.reported == [1000])
        assert set(new.written) == {b"u" + user.encode() for user in known} | {b"mm"}
        assert set(old.written) == {b"uu3"}
        running.until(lambda: not store.dirty())


def test_what_was_not_published_is_known_to_the_next_start(store: Store) -> None:
    down = Sink("down")
    down.up.clear()
    state = UserState()
    state.update(NOW, 100, 1)
    with Running(store, down) as running:
        running.change("a")
    sink = Sink("again")
    with Running(store, sink) as running:
        running.publishing.processed_to(5)
        running.until(lambda: not store.dirty())
        assert sink.written == [b"ua"]
