"""The sketches of the last minutes and of a week's hours, and the volume of a month's quarters of an hour."""

from __future__ import annotations

import logging
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from processing.events import RejectedRecord, Transaction
from processing.stream.monitor import sketch as sketches
from processing.stream.monitor.measure import Measure, Reading, Seen
from processing.stream.monitor.measures import MEASURES
from processing.stream.monitor.sampling import SAMPLES, Schemas
from processing.stream.monitor.sketch import Sketch
from processing.stream.records import Event

_log = logging.getLogger(__name__)
MINUTE_MS, HOUR_MS = 60_000, 3_600_000
RECENT_MINUTES = 5
"""What is looked at: the last complete minutes. One minute of a small stream is mostly chance."""
KEPT_HOURS = 8 * 24
KEPT_QUARTERS = 29 * 96
_LEAST_DAYS = 2
_FILLING_HOURS = 24
"""At first histories are empty, and features of windows up to a day are not what they will be."""
_LEAST_AGE_HOURS = KEPT_HOURS - 24
_COUNT = struct.Struct(">Q")
_KEY = struct.Struct(">cQ")
_SCHEMAS = b"schemas"


class Monitor:
    """Counts what arrives, and compares it with the same hour of the days before.

    Args:
        stored: what `add` returned, all of it together; a restart continues from there.
        replaying: history is played in: how old its events are tells nothing.
    """

    def __init__(self, stored: Mapping[bytes, bytes], *, replaying: bool = False) -> None:
        self._replaying = replaying
        self._minutes: dict[int, Sketch] = {}
        self._hours: dict[int, Sketch] = {}
        self._quarters: dict[int, int] = {}
        self._schemas = Schemas(stored.get(_SCHEMAS, b""))
        for key, packed in stored.items():
            if len(key) != _KEY.size:
                continue
            kind, number = _KEY.unpack(key)
            if kind == b"q":
                self._quarters[number] = _COUNT.unpack(packed)[0]
            elif (sketch := sketches.unpack(packed)) is not None:
                (self._minutes if kind == b"m" else self._hours)[number] = sketch
        self._packed_schemas = self._schemas.pack()
        self._newest_ms = 0
        self._freshness_ms: float | None = None

    def add(
        self,
        events: Sequence[Event],
        in_time: Sequence[tuple[Transaction, int]],
        features: list[list[float]],
        now_ms: int,
    ) -> dict[bytes, bytes | None]:
        """Add a micro-batch; returns what of the stored state has changed, None for what is to be forgotten.

        Args:
            events: all of it, labels and refused records too.
            in_time: its transactions with features, and when each arrived.
            features: of these, whole vectors.
            now_ms: the present, which freshness is measured at.
        """
        records = [event for event in events if event.source.stream == "transactions-raw"]
        if not records:
            return {}
        arrived = np.array([event.raw.arrival_ms for event in records], np.int64) // MINUTE_MS
        with_features = np.array([arrival_ms for _, arrival_ms in in_time], np.int64) // MINUTE_MS
        values = sketches.watched(features)
        missing: dict[int, list[str]] = {}
        for event in records:
            if event.time_ms is None and (field := _missing(event.content)) is not None:
                missing.setdefault(event.raw.arrival_ms // MINUTE_MS, []).append(field)
        touched: set[bytes] = set()
        for minute in np.unique(arrived).tolist():
            of_minute = np.flatnonzero(arrived == minute)
            sketch = sketches.empty()
            sketch[sketches.ROWS] = of_minute.size
            step = max(1, of_minute.size // SAMPLES)
            looked_into = [records[at] for at in of_minute[::step][:SAMPLES].tolist()]
            sample = [(one.raw.data, not isinstance(one.content, RejectedRecord)) for one in looked_into]
            sketch[sketches.SAMPLED] = len(sample)
            sketch[sketches.STRANGE] = self._schemas.strange(sample, minute)
            sketch[sketches.HEAD :] = sketches.histograms(values[with_features == minute])
            for field in missing.get(minute, ()):
                sketch[sketches.missing_at(field)] += 1
            touched |= self._added(minute, sketch)
        if in_time and not self._replaying:
            ages = now_ms - np.array([transaction.timestamp_ms for transaction, _ in in_time], np.int64)
            age = float(np.percentile(ages, 95))
            self._freshness_ms = max(age, self._freshness_ms or 0.0)
        changed = {key: self._packed(key) for key in touched}
        packed = self._schemas.pack()
        if packed != self._packed_schemas:
            changed[_SCHEMAS] = self._packed_schemas = packed
        return changed

    def _added(self, minute: int, sketch: Sketch) -> set[bytes]:
        """Add to the minute and its hour; returns the keys of what has changed."""
        touched = set()
        self._newest_ms = max(self._newest_ms, minute * MINUTE_MS)
        newest, rows = self._newest_ms // MINUTE_MS, int(sketch[sketches.ROWS])
        kept: dict[int, Any]
        more: Any
        for kind, kept, number, oldest, more in (
            (b"m", self._minutes, minute, newest - RECENT_MINUTES, sketch),
            (b"h", self._hours, minute // 60, newest // 60 - KEPT_HOURS, sketch),
            (b"q", self._quarters, minute // 15, newest // 15 - KEPT_QUARTERS, rows),
        ):
            for old in [one for one in kept if one < oldest]:
                del kept[old]
                touched.add(_KEY.pack(kind, old))
            if number >= oldest:
                kept[number] = kept[number] + more if number in kept else more
                touched.add(_KEY.pack(kind, number))
        return touched

    def _packed(self, key: bytes) -> bytes | None:
        kind, number = _KEY.unpack(key)
        if kind == b"q":
            return _COUNT.pack(self._quarters[number]) if number in self._quarters else None
        sketch = (self._minutes if kind == b"m" else self._hours).get(number)
        return None if sketch is None else sketches.pack(sketch)

    def measured(self, now_ms: int | None) -> dict[Measure, Reading]:
        """What can be told of the last complete minutes; an alert is logged, with the names behind it.

        Args:
            now_ms: the present, where everything that arrived is processed: minutes without a record
                are then empty ones. None: only what arrived tells how late it is.
        """
        seen = self._seen(self._newest_ms if now_ms is None else max(now_ms, self._newest_ms))
        found = {measure: reading for measure in MEASURES if (reading := measure.look(seen)) is not None}
        for measure, (value, by_name) in found.items():
            if measure.is_alert(value):
                named = {name: round(one, 3) for name, one in by_name.items() if measure.is_alert(one)}
                _log.warning("%s: %s is %.4g %s", measure.description, measure.name, value, named or "")
        return found

    def _seen(self, now_ms: int) -> Seen:
        # Both dictionaries change while another thread is here; a copy is taken in one step.
        minutes, hours, quarters = dict(self._minutes), dict(self._hours), dict(self._quarters)
        last = now_ms // MINUTE_MS
        recent = range(last - RECENT_MINUTES, last)
        freshness_ms, self._freshness_ms = self._freshness_ms, None
        hour = recent[-1] // 60
        filled = min(quarters, default=0) // 4 + _FILLING_HOURS
        before = [hour - ago * 24 for ago in _alike(hour)] if hour > filled + _LEAST_AGE_HOURS else []
        usual = [hours[one] for one in before if one in hours and one > filled]
        return Seen(
            sum((minutes[minute] for minute in recent if minute in minutes), sketches.empty()),
            _expected(quarters, recent),
            sum(usual, sketches.empty()) if len(usual) >= _LEAST_DAYS else None,
            freshness_ms,
        )


def _expected(quarters: Mapping[int, int], recent: range) -> float | None:
    """Rows that these minutes have on the same weekday; the first quarter of all was seen in part only."""
    expected, first = 0.0, min(quarters, default=0)
    for minute in recent:
        quarter = minute // 15
        before = [quarter - weeks * 7 * 96 for weeks in range(1, 5)]
        usual = [quarters[one] for one in before if one in quarters and one > first]
        if len(usual) < _LEAST_DAYS:
            return None
        expected += float(np.median(usual)) / 15
    return expected


def _alike(hour: int) -> list[int]:
    """How many days ago, of seven, it was such a day: weekends have other hours than working days."""
    today = hour // 24
    return [ago for ago in range(1, 8) if _is_weekend(today - ago) == _is_weekend(today)]


def _is_weekend(day: int) -> bool:
    return (day + 3) % 7 >= 5  # 1970 began on a Thursday


def _missing(content: object) -> str | None:
    """The required field that a record was refused for."""
    if isinstance(content, RejectedRecord) and content.kind == "incomplete":
        return content.field if content.field in sketches.REQUIRED else None
    return None
