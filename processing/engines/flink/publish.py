"""Changed states to the Feature Store, once per interval however often they change."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from pyflink.datastream import OutputTag, ProcessFunction

from processing.engines.flink import states
from processing.engines.flink.bundles import Changed, changed_of, pack
from processing.engines.flink.outlets import ELEMENT, client
from processing.engines.flink.settings import FlinkSettings
from processing.stream import event_times
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
        #: Event times of states that are not those of their newest input, by identity.
        self.event_times = states.time_by_identity(context, "event-times", states.HISTORY)
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
        changed = list(filter(None, map(self._changed, names)))
        for start in range(0, len(changed), _MOST_ENTRIES):
            yield CHANGED, pack(changed[start : start + _MOST_ENTRIES])

    def _changed(self, name: str) -> Changed | None:
        state = self._states.get(identity(name))
        latest_ms = event_times.latest_time(self._kind.encode(), state)
        if state is None or latest_ms is None:  # expired meanwhile
            return None
        noted = self.event_times.get(identity(name))
        return Changed(self._kind, name, state, latest_ms if noted is None else noted)


class StoreWriter(ProcessFunction):  # type: ignore[misc]  # PyFlink is untyped
    """Writes states as Feature Store records, at least once.

    After a failure an older state of an entity may be written once more. Its event time is smaller than that
    of the newer one, which the online store keeps, and the replay ends with the same record.
    """

    def __init__(self, settings: FlinkSettings) -> None:
        self._settings = settings

    def open(self, _context: Any) -> None:
        runtime = client(self._settings, "sagemaker-featurestore-runtime")
        self._stopping = threading.Event()
        self._writer = FeatureWriter(runtime, self._stopping)
        names = self._settings.names
        self._users, self._merchants = names.feature_group("user-activity"), names.feature_group("merchant")

    def process_element(self, changed: bytes, _context: Any) -> None:
        entries = []
        for item in changed_of(changed):
            group, entry = (
                (self._users, user_entry) if item.kind == "u" else (self._merchants, merchant_entry)
            )
            found = entry(group, item.entity, item.state, item.event_ms)
            if found is not None:
                entries.append(found)
        self._writer.write(entries)

    def close(self) -> None:
        self._stopping.set()
