"""The event time under which a state goes to the Feature Store: greater for each new state of an entity.

The online store takes a record only when its event time is greater than that of the one it has. The time of
the newest transaction alone would not do: a transaction that comes within the allowed lateness of a younger
one, or at the same millisecond, and a fraud that became known before the newest transaction, change a state
without a newer time, and would be seen by no decision until the next one that is newer. Such changes take
the next millisecond.
"""

from __future__ import annotations

from processing.windows import merchant_latest_time, user_latest_time
from processing.windows.packing import VERSION

_LATEST = {b"u": user_latest_time, b"m": merchant_latest_time}


def latest_time(kind: bytes, state: bytes | None) -> int | None:
    """The time of a packed state's newest input; None without any, and for what this code cannot read.

    Args:
        kind: ``u`` for a user's, ``m`` for a merchant's.
    """
    return _LATEST[kind](state) if state and state[0] == VERSION else None


def following(before_ms: int | None, latest_ms: int) -> int:
    """The event time of a state.

    Args:
        before_ms: event time of the entity's state before; None when there was none.
        latest_ms: time of the state's newest input.
    """
    return latest_ms if before_ms is None or latest_ms > before_ms else before_ms + 1
