"""What an entity's state shrinks to when nothing of its history can count any more.

Such a state answers every question as before, and the next transaction makes the same bytes of it.
"""

from __future__ import annotations

from array import array

from processing.windows import MEMORY_MS, RETENTION_MS
from processing.windows.kernel import merchant as m
from processing.windows.kernel import user as u
from processing.windows.kernel.ring import NEVER
from processing.windows.packing import VERSION

_DAY_MS = 86_400_000

# Events of a shard that is read slower may still come, this far behind the newest one of all shards.
SLACK_MS = _DAY_MS
MERCHANT_KEPT_MS = RETENTION_MS + SLACK_MS - 60_000
"""A merchant's record is older than the newest event by this, and a minute, when its history is dropped."""
_KEEP_USERS_MS = MEMORY_MS + SLACK_MS


def released_user(state: bytes, newest_ms: int) -> bytes | None:
    """A user's state without transactions that are too old to count; None once nothing is worth keeping.

    The time of the last transaction and the last known device stay for as long as they count.

    Args:
        newest_ms: the newest event time of all entities.
    """
    if state[0] != VERSION:
        return state  # what cannot be read stays to be looked into
    words = _words(state)
    count, first = words[u.COUNT], u.TILES + state[2]
    last_ms = words[first + count - 1] if count else words[u.LAST_TIME]
    if last_ms < newest_ms - _KEEP_USERS_MS:
        return None
    if not count or last_ms >= newest_ms - RETENTION_MS - SLACK_MS:
        return state
    kept = words[: u.TILES].tolist()
    kept[u.COUNT] = kept[u.MERCHANTS] = kept[u.COUNTRIES] = 0
    kept[u.LAST_TIME] = last_ms
    devices = words[first + 3 * count : first + 4 * count]
    for at in range(count - 1, -1, -1):  # the ring is in order of time and device
        if devices[at]:
            kept[u.LAST_DEVICE_TIME], kept[u.LAST_DEVICE] = words[first + at], devices[at]
            break
    return array("q", kept + [0] * state[2]).tobytes()


def released_merchant(state: bytes, newest_ms: int) -> bytes | None:
    """The same for a merchant: since when it has had frauds is kept for ever; without frauds, nothing is."""
    if state[0] != VERSION:
        return state
    words = _words(state)
    count, first = words[m.COUNT], m.TILES + state[2]
    oldest_ms = newest_ms - RETENTION_MS - SLACK_MS
    if not count or words[first + count - 1] >= oldest_ms:
        return state
    if words[m.FIRST_FRAUD] == NEVER:
        return None
    kept = words[: m.TILES].tolist()
    frauds = [known_ms for known_ms in words[len(words) - words[m.FRAUDS] :] if known_ms >= oldest_ms]
    kept[m.COUNT] = kept[m.CUSTOMERS] = 0
    kept[m.FRAUDS] = len(frauds)
    return array("q", kept + [0] * state[2] + frauds).tobytes()


def _words(state: bytes) -> memoryview:
    return memoryview(state)[: len(state) & -8].cast("q")
