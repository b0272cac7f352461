"""Changed states to the Feature Store, once per interval however often they change."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from pyflink.datastream import OutputTag, ProcessFunction

from processing.engines.flink import states
from processing.engines.flink.bundles import Changed, changed_of, pack
from processing.engines.flink.event_times import EventTimes
from processing.engines.flink.outlets import ELEMENT, client
from processing.engines.flink.settings import FlinkSettings
from processing.stream.feature_records import merchant_entry, user_entry
from processing.stream.feature_writer import FeatureWriter
from processing.windows import identity

# States for the operator that writes them.
CHANGED = OutputTag("changed", ELEMENT)
_MOST_ENTRIES = 25  # of one BatchWriteRecord
_names_of = msgspec.msgpack.Decoder(set[str]).decode


class Dirty:
    """The entities of a bucket that changed since they were last published; part of its state.

    Args:
        kind: ``u`` for users, ``m`` for merchants.
        histories: the packed states of the operator.
        publish_ms: how long a change may wait.
    """

    def __init__(self, context: Any, kind: str, histories: Any, publish_ms: int) -> None:
        self._kind, self._states, self._publish_ms = kind, histories, publish_ms
        self._names = states.value(context, "dirty")

    def add(self, context: Any, entities: Iterable[str]) -> None:
        """Entities changed; the operator's timer is set if it was not."""
        kept = self._names.value()
        names = _names_of(kept) if kept else set()
        before = len(names)
        names.update(entities)
        if len(names) > before:
            self._names.update(pack(sorted(names)))
        if names and not before:
            timers = context.timer_service()
            timers.register_processing_time_timer(timers.current_processing_time() + self._publish_ms)

    def publish(self) -> Iterator[tuple[OutputTag, bytes]]:
        """Their states, for `StoreWriter`; call it when the timer fires."""
        names = sorted(_names_of(self._names.value() or pack([])))
        self._names.clear()
        changed = [
            Changed(self._kind, name, state)
            for name in names
            if (state := self._states.get(identity(name))) is not None  # expired meanwhile
        ]
        for start in range(0, len(changed), _MOST_ENTRIES):
            yield CHANGED, pack(changed[start : start + _MOST_ENTRIES])


class StoreWriter(ProcessFunction):  # type: ignore[misc]  # PyFlink is untyped
    """Writes states as Feature Store records, each under a greater event time than the one before.

    After a failure states are replayed: those that are older than what the store has are left out, and the
    last one is written whatever was before.
    """

    def __init__(self, settings: FlinkSettings) -> None:
        self._settings = settings

    def open(self, _context: Any) -> None:
        runtime = client(self._settings, "sagemaker-featurestore-runtime")
        self._stopping = threading.Event()
        self._writer = FeatureWriter(runtime, self._stopping)
        names = self._settings.names
        self._event_times = EventTimes(runtime, names)
        self._entries = {
            "u": (names.feature_group("user-activity"), user_entry),
            "m": (names.feature_group("merchant"), merchant_entry),
        }

    def process_element(self, changed: bytes, _context: Any) -> None:
        items, entries = changed_of(changed), []
        for kind in self._entries:
            self._event_times.ask(kind, [item.entity for item in items if item.kind == kind])
        for item in items:
            event_ms = self._event_times.of(item.kind, item.entity, item.state)
            group, entry = self._entries[item.kind]
            found = None if event_ms is None else entry(group, item.entity, item.state, event_ms)
            if found is not None:
                entries.append(found)
        self._writer.write(entries)

    def close(self) -> None:
        self._stopping.set()
