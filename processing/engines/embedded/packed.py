"""Entities whose history stays packed, because it has tiles: one row after the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from processing.engines.columns import EventColumns
from processing.engines.embedded import fields as f
from processing.engines.embedded.entities import Codes
from processing.engines.embedded.histories import Histories
from processing.windows import (
    merchant_query,
    merchant_update,
    user_last_time,
    user_query,
    user_update,
)


def split_packed(histories: Histories, numbers: Codes) -> tuple[Codes, NDArray[np.int64]]:
    """The numbers with -1 for packed entities, and the rows of these."""
    if not histories.packed:
        return numbers, np.empty(0, np.int64)
    packed = np.isin(numbers, np.fromiter(histories.packed, np.int32, len(histories.packed)))
    return np.where(packed, np.int32(-1), numbers), np.flatnonzero(packed)


def run_packed_users(
    users: Histories,
    numbers: Codes,
    rows: NDArray[np.int64],
    events: EventColumns,
    out: NDArray[np.float64],
    last_times: NDArray[np.int64],
) -> None:
    """Answer and apply the rows of packed users, as `users.run_users` does those of the others."""
    wanted = users.columns >= 0
    for row in rows.tolist():
        number, t_ms = int(numbers[row]), int(events.times[row])
        state = users.packed[number]
        out[row, users.columns[wanted]] = np.array(user_query(state, t_ms))[wanted]
        last = user_last_time(state, t_ms)
        last_times[row] = f.NEVER if last is None else last
        users.packed[number] = user_update(
            state,
            t_ms,
            int(events.amounts[row]),
            int(events.merchant_identity[events.merchant[row]]),
            int(events.device[row]),
            int(events.country[row]),
            int(events.status[row]),
        )


def run_packed_merchants(
    merchants: Histories,
    numbers: Codes,
    rows: NDArray[np.int64],
    events: EventColumns,
    out: NDArray[np.float64],
) -> None:
    """Answer and apply the rows of packed merchants."""
    wanted = merchants.columns >= 0
    for row in rows.tolist():
        number, t_ms = int(numbers[row]), int(events.times[row])
        state = merchants.packed[number]
        out[row, merchants.columns[wanted]] = np.array(merchant_query(state, t_ms))[wanted]
        customer = int(events.user_identity[events.user[row]])
        merchants.packed[number] = merchant_update(state, t_ms, customer)
