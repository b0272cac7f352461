"""Transactions of many users into their states."""

from __future__ import annotations

from typing import Any

from processing.stream.steps.joined import after, append
from processing.windows.compiled import Buffer, Words, compiled, empty, int64s
from processing.windows.kernel.ring import MEMORY, WINDOWS, lower
from processing.windows.kernel.user import COUNT, LAST_TIME, TILES, query, update

_MISSING = float("nan")


@compiled
def step(
    settings: Words,
    states: Buffer,
    starts: Words,
    ends: Words,
    begins: Words,
    times: Words,
    amounts: Words,
    merchants: Words,
    devices: Words,
    marks: Words,
    out: Any,
    new_starts: Words,
    new_ends: Words,
) -> Buffer:
    """The states after all transactions, joined; `new_starts` and `new_ends` tell where each one lies.

    Args:
        states: joined, user after user; user ``i`` has the transactions ``begins[i]`` to ``begins[i + 1]``.
        out: a row per transaction: the aggregates before it, last the time of the one strictly before it.
    """
    result = empty(len(states) + 64 * len(times) + 8)
    at = 0
    for user in range(len(starts)):
        state = states[starts[user] : ends[user]]
        for row in range(begins[user], begins[user + 1]):
            query(settings, state, times[row], out[row])
            out[row][-1] = _last_time(settings, state, times[row])
            state = update(
                settings, state, times[row], amounts[row], merchants[row], devices[row], marks[row]
            )
        result = append(result, at, state)
        new_starts[user] = at
        new_ends[user] = at + len(state)
        at = after(at, state)
    return result[:at]


@compiled
def _last_time(settings: Words, state: Buffer, t_ms: int) -> float:
    words = int64s(state, 0, len(state) // 8)
    first = TILES + settings[WINDOWS]
    before = lower(words, first, first + words[COUNT], t_ms)
    last = words[before - 1] if before > first else words[LAST_TIME]
    return float(last) if 0 < t_ms - last <= settings[MEMORY] else _MISSING
