"""The monitor: a sound stream alerts nothing, a fault is alerted by name, a restart changes nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from feature_groups import FEATURE_NAMES
from feature_groups.names import Names
from processing.events import RejectedRecord, Transaction
from processing.schemas.framing import frame
from processing.stream.engine import Engine
from processing.stream.monitor import MEASURES, Monitor
from processing.stream.monitor.measures.feature_psi import psi
from processing.stream.monitor.monitor import HOUR_MS, MINUTE_MS
from processing.stream.monitor.sampling import Schemas
from processing.stream.monitor.sketch import BINS, HEAD, WATCHED, histograms, watched
from processing.stream.records import Event
from processing.stream.store import Store
from tests.processing.builders import transaction
from tests.processing.stream.events import event

START = 1_772_409_600_000  # 2026-03-02, a Monday, midnight
DAYS, HOURS = 15, range(10, 16)
END = START + DAYS * 24 * HOUR_MS + 12 * HOUR_MS
PER_HOUR = 24_000


def at_hour(hour: int) -> int:
    """Transactions of an hour of the day: three times as many by day as by night."""
    return int(PER_HOUR * (1 + 0.5 * np.sin((hour - 8) * np.pi / 12)))


@dataclass
class Traffic:
    """Transactions of a stretch of time, and what is wrong with them."""

    seed: int = 0
    share: float = 1.0
    data: Callable[[int], bytes] = lambda _: b'{"transaction_id":"t","amount":1}'
    spoil: Callable[[np.ndarray[Any, Any]], None] = lambda _: None
    incomplete: float = 0.0
    age_ms: int = 300

    def into(self, monitor: Monitor, start_ms: int, end_ms: int) -> dict[bytes, bytes | None]:
        """Add everything that arrives in ``[start, end)``; times are whole minutes of one hour."""
        random = np.random.default_rng([self.seed, start_ms // MINUTE_MS])
        minutes = (end_ms - start_ms) // MINUTE_MS
        hour = start_ms // HOUR_MS % 24
        count = int(at_hour(hour) * self.share * minutes / 60)
        values = np.full((count, len(FEATURE_NAMES)), np.nan)
        for column in range(len(FEATURE_NAMES)):
            values[:, column] = random.lognormal(2 + 0.1 * column % 3, 0.8, count)
        self.spoil(values)
        arrived = np.sort(random.integers(start_ms, end_ms, count)).tolist()
        events: list[Event] = []
        in_time: list[tuple[Transaction, int]] = []
        refused = RejectedRecord("incomplete", "merchant_id", "is missing: send a value")
        accepted = transaction(1, end_ms - self.age_ms)
        for number, arrival_ms in enumerate(arrived):
            is_refused = self.incomplete > 0 and random.random() < self.incomplete
            content: Transaction | RejectedRecord = refused if is_refused else accepted
            if not is_refused:
                in_time.append((accepted, arrival_ms))
            events.append(event(content, arrival_ms, data=self.data(number), source=_SHARD))
        return monitor.add(events, in_time, values[: len(in_time)].tolist(), end_ms)


_SHARD = event(transaction()).source


@pytest.fixture(scope="module")
def week() -> dict[bytes, bytes]:
    """What a monitor has stored after some sound days."""
    stored: dict[bytes, bytes | None] = {}
    for hour in HOURS:
        begin = START + hour * HOUR_MS
        added = Traffic().into(Monitor({}), begin, begin + HOUR_MS)
        for key, packed in added.items():
            number, per_day = int.from_bytes(key[1:], "big"), {b"h": 24, b"q": 96}.get(key[:1], 0)
            for day in range(DAYS) if per_day else ():
                stored[key[:1] + (number + per_day * day).to_bytes(8, "big")] = packed
    assert all(packed is not None for packed in stored.values())
    return {key: packed for key, packed in stored.items() if packed is not None}


def alerts(week: dict[bytes, bytes], traffic: Traffic) -> dict[str, float]:
    """The alerts after ten minutes of a traffic."""
    monitor = Monitor(week)
    traffic.into(monitor, END, END + 10 * MINUTE_MS)
    found = monitor.measured(END + 10 * MINUTE_MS)
    assert {measure.name for measure in found} == {measure.name for measure in MEASURES}
    return {measure.name: value for measure, (value, _) in found.items() if measure.is_alert(value)}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_sound_stream_alerts_nothing(week: dict[bytes, bytes], seed: int) -> None:
    assert alerts(week, Traffic(seed)) == {}


def test_the_change_of_the_hour_alerts_nothing(week: dict[bytes, bytes]) -> None:
    monitor, traffic = Monitor(week), Traffic(4)
    for start_ms in range(END, END + 2 * HOUR_MS, HOUR_MS):
        for part in (0, 20, 40):
            begin = start_ms + part * MINUTE_MS
            traffic.into(monitor, begin, begin + 20 * MINUTE_MS)
            found = monitor.measured(begin + 20 * MINUTE_MS)
            assert not [m.name for m, (value, _) in found.items() if m.is_alert(value)], (start_ms, found)


def shifted(values: np.ndarray[Any, Any]) -> None:
    values[:, FEATURE_NAMES.index("amount")] *= 2.5


BAD = {
    "half the volume": (Traffic(5, share=0.4), "volume_percent"),
    "twice the volume": (Traffic(5, share=2.0), "volume_percent"),
    "a feature shifted": (Traffic(5, spoil=shifted), "feature_psi"),
    "a field missing": (Traffic(5, incomplete=0.03), "missing_percent"),
    "old when processed": (Traffic(5, age_ms=61_000), "freshness_ms"),
    "an unknown field": (Traffic(5, data=lambda _: b'{"amount":1,"loyalty":"gold"}'), "schema_drift_percent"),
    "a new schema version": (
        Traffic(5, data=lambda n: frame(bytes([n % 2]) * 16, b"")),
        "schema_drift_percent",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_fault_is_alerted_by_name_and_nothing_else_is(
    week: dict[bytes, bytes], name: str, caplog: pytest.LogCaptureFixture
) -> None:
    traffic, measure = BAD[name]
    with caplog.at_level(logging.WARNING):
        assert set(alerts(week, traffic)) == {measure}
    assert measure in caplog.text
    named = {
        "a feature shifted": "'amount'",
        "a field missing": "'merchant_id'",
        "an unknown field": "loyalty",
    }
    assert named.get(name, measure) in caplog.text


def test_refused_records_teach_no_schema_version() -> None:
    monitor, refused = Monitor({}), RejectedRecord("schema-errors", "record", "is of an unknown version")
    seen = [event(refused, END + n, data=frame(n.to_bytes(16, "big"), b"")) for n in range(10)]
    assert b"schemas" not in monitor.add(seen, [], [], END)
    known = event(transaction(), END, data=frame(b"v" * 16, b""))
    learnt = monitor.add([known], [], [], END)[b"schemas"]
    assert learnt is not None
    assert learnt.startswith(b"v" * 16)


def test_the_versions_that_are_remembered_are_bounded() -> None:
    schemas = Schemas()
    versions = [(frame(n.to_bytes(16, "big"), b""), True) for n in range(3_000)]
    assert schemas.strange(versions, 100) == 2_999
    packed = schemas.pack()
    assert len(packed) == 1_024 * 24
    assert Schemas(packed).strange(versions[-1:], 1_000) == 0


def test_a_stream_that_stopped_is_seen_once_all_is_read(week: dict[bytes, bytes]) -> None:
    monitor = Monitor(week)
    Traffic(6).into(monitor, END, END + 5 * MINUTE_MS)

    def volume(now_ms: int | None) -> float:
        [value] = [r.value for m, r in monitor.measured(now_ms).items() if m.name == "volume_percent"]
        return value

    assert volume(END + 5 * MINUTE_MS) == pytest.approx(100, abs=15)
    assert volume(END + 15 * MINUTE_MS) == 0
    assert volume(None) > 0  # behind: only what arrived tells the time


def test_a_young_monitor_tells_nothing_by_the_past() -> None:
    monitor = Monitor({})
    Traffic(7).into(monitor, START, START + 10 * MINUTE_MS)
    names = {measure.name for measure in monitor.measured(START + 10 * MINUTE_MS)}
    assert names == {"missing_percent", "freshness_ms", "schema_drift_percent"}


def test_a_restart_continues_where_the_last_commit_was(week: dict[bytes, bytes]) -> None:
    """Killed after every part, and not killed: the same is told."""
    whole, stored = Monitor(week), dict(week)
    for part in range(10):
        begin, traffic = END + part * MINUTE_MS, Traffic(8)
        traffic.into(whole, begin, begin + MINUTE_MS)
        for key, packed in traffic.into(Monitor(stored), begin, begin + MINUTE_MS).items():
            stored.pop(key, None) if packed is None else stored.update({key: packed})
    now_ms = END + 10 * MINUTE_MS
    again = {m.name: r for m, r in Monitor(stored).measured(now_ms).items()}
    expected = {m.name: r for m, r in whole.measured(now_ms).items() if m.name != "freshness_ms"}
    assert again == expected  # freshness is of the present


def test_history_that_is_played_in_is_not_stale() -> None:
    monitor = Monitor({}, replaying=True)
    Traffic(9, age_ms=86_400_000).into(monitor, START, START + 10 * MINUTE_MS)
    assert "freshness_ms" not in {measure.name for measure in monitor.measured(None)}


def test_histograms_are_those_of_a_search_in_the_edges() -> None:
    random = np.random.default_rng(1)
    values = np.concatenate([random.lognormal(3, 4, 3_000), [0.0, 1.0, 1e30, np.nan, np.inf]])
    features = np.repeat(values[:, None], len(FEATURE_NAMES), axis=1)
    found = histograms(watched(features.tolist())).reshape(len(WATCHED), BINS)
    octaves = 2.0 ** np.arange(1, BINS)
    edges = np.sort(np.concatenate([octaves, octaves * 1.5, [1.5]]))[: BINS - 2]
    shifted_by_one = np.float32(1) + values[~np.isnan(values)].astype(np.float32)
    expected = np.bincount(np.searchsorted(edges, shifted_by_one, "right"), minlength=BINS)
    expected[-1] = 1  # the missing one
    assert all((row == expected).all() for row in found)
    assert found.sum() == len(values) * len(WATCHED)
    assert HEAD + found.size == len(np.frombuffer(b"\0" * 4 * (HEAD + found.size), "<u4"))


def test_psi_of_histograms_by_hand() -> None:
    before, now = np.array([50, 50, 0]), np.array([25, 75, 0])
    assert psi(before, now) == pytest.approx(-0.25 * np.log(0.5) + 0.25 * np.log(1.5))
    assert psi(before, before * 7) == 0


def test_the_engine_commits_what_the_monitor_saw(tmp_path: Path) -> None:
    store = Store(tmp_path, map_size=1 << 28)
    engine = Engine(Names("test"), store, dict.fromkeys)
    raw = msgspec.json.encode({"transaction_id": "t", "loyalty": "gold"})
    arrival_ms = START + MINUTE_MS
    seen = [event(transaction(n, arrival_ms), arrival_ms, data=raw) for n in range(3)]
    missing = RejectedRecord("incomplete", "amount", "is missing: send a value")
    store.commit(engine.apply([*seen, event(missing, arrival_ms, source=_SHARD)]))
    for monitor in (engine.monitor, Engine(Names("test"), store, dict.fromkeys).monitor):
        recent = monitor._seen(START + 3 * MINUTE_MS).recent
        assert recent[:HEAD].tolist() == [4, 4, 3, 0, 0, 0, 1, 0, 0]
        assert recent[HEAD:].sum() == 3 * len(WATCHED)
    store.close()
