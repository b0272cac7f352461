"""Transactions of many merchants into their states."""

from __future__ import annotations

from typing import Any

from processing.stream.steps.joined import after, append
from processing.windows.compiled import Buffer, Words, compiled, empty
from processing.windows.kernel.merchant import query, update


@compiled
def step(
    settings: Words,
    states: Buffer,
    starts: Words,
    ends: Words,
    begins: Words,
    times: Words,
    customers: Words,
    out: Any,
    new_starts: Words,
    new_ends: Words,
) -> Buffer:
    """The states after all transactions, joined; see `processing.stream.steps.user.step`."""
    result = empty(len(states) + 64 * len(times) + 8)
    at = 0
    for merchant in range(len(starts)):
        state = states[starts[merchant] : ends[merchant]]
        for row in range(begins[merchant], begins[merchant + 1]):
            query(settings, state, times[row], out[row])
            state = update(settings, state, times[row], customers[row])
        result = append(result, at, state)
        new_starts[merchant] = at
        new_ends[merchant] = at + len(state)
        at = after(at, state)
    return result[:at]
