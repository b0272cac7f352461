"""Flink's keyed state, described once; what grows with entities expires."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pyflink.common import Time, Types
from pyflink.datastream.state import (
    ListStateDescriptor,
    MapStateDescriptor,
    StateTtlConfig,
    ValueStateDescriptor,
)

from feature_groups.windows import MEMORY_DAYS

# A bytes object pickles by copying; Flink's own array types would pass every byte as a number.
BYTES = Types.PICKLED_BYTE_ARRAY()
# A user's history is kept for so long after its last transaction, of this machine's time: nothing of it
# counts any more then. A merchant's first fraud counts for ever.
USERS = timedelta(days=MEMORY_DAYS + 10)
FOREVER: timedelta | None = None
# As long as labels may be delivered after their transaction, or before it.
LABELS = timedelta(days=90)
# Duplicates arrive within 60 s of each other; a job that was down sees them hours later.
DUPLICATES = timedelta(hours=6)


def by_identity(context: Any, name: str, keep: timedelta | None) -> Any:
    """Bytes by 64-bit identity, for so long after they were written; None for ever."""
    descriptor = MapStateDescriptor(name, Types.LONG(), BYTES)
    return context.get_map_state(descriptor if keep is None else _expiring(descriptor, keep))


def by_text(context: Any, name: str, keep: timedelta) -> Any:
    """Bytes by text."""
    return context.get_map_state(_expiring(MapStateDescriptor(name, Types.STRING(), BYTES), keep))


def times_by_text(context: Any, name: str, keep: timedelta) -> Any:
    """Times (milliseconds) by text."""
    return context.get_map_state(_expiring(MapStateDescriptor(name, Types.STRING(), Types.LONG()), keep))


def value(context: Any, name: str) -> Any:
    """One value of bytes, kept for ever: a handful per operator."""
    return context.get_state(ValueStateDescriptor(name, BYTES))


def several(context: Any, name: str) -> Any:
    """A list of bytes that its operator clears."""
    return context.get_list_state(ListStateDescriptor(name, BYTES))


def _expiring(descriptor: Any, keep: timedelta) -> Any:
    ttl = StateTtlConfig.new_builder(Time.milliseconds(keep // timedelta(milliseconds=1)))
    ttl = ttl.set_update_type(StateTtlConfig.UpdateType.OnCreateAndWrite)
    descriptor.enable_time_to_live(ttl.cleanup_in_rocksdb_compact_filter(1_000).build())
    return descriptor
