"""A merchant's aggregates at ascending times: each transaction enters and leaves each window once.

A busy merchant holds thousands of transactions and hears of them slightly out of order (its
customers are spread over all shards), so the windows can step back as far as an insertion needs.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from processing.windows.distinct import Distinct
from processing.windows.horizon import WINDOW_MS
from processing.windows.merchant_scan import merchant_values

if TYPE_CHECKING:
    from processing.windows.merchant import MerchantState

_WINDOWS = range(len(WINDOW_MS))


class MerchantSliding:
    """The moving windows of one `MerchantState`; `now` is the time they stand at.

    Positions count from the first transaction ever, so that pruning does not move them.
    """

    __slots__ = ("_customers", "_heads", "_offset", "_previous", "_state", "_tail", "now")

    def __init__(self, state: MerchantState) -> None:
        self._state = state
        self.now = -(1 << 62)
        self._offset = 0  # position of the first element of the columns
        self._tail = 0
        self._heads = [0] * len(WINDOW_MS)
        self._customers = Distinct()
        self._previous = array("q")  # per admitted position: where its customer was last seen before

    def step_back(self, at: int) -> None:
        """Give up what lies at column index `at` and after: something is about to be inserted there."""
        position = at + self._offset
        while self._tail > position:
            self._tail -= 1
            customer = self._state.customers[self._tail - self._offset]
            self._customers.retract(self._tail, customer, self._previous.pop(), self._heads)
        for window in _WINDOWS:
            if self._heads[window] > position:
                self._heads[window] = position

    def drop(self, count: int) -> bool:
        """Account for `count` columns' elements being deleted; False if a window still holds one."""
        if min(self._heads) < self._offset + count:
            return False
        self._offset += count
        del self._previous[:count]
        return True

    def query(self, t_ms: int) -> list[float]:
        """The 11 aggregates at `t_ms`, which must not be before `now`."""
        self.now = t_ms
        state, offset, heads = self._state, self._offset, self._heads
        times, customers, distinct = state.times, state.customers, self._customers
        tail, length = self._tail, len(times) + offset
        while tail < length and times[tail - offset] < t_ms:
            self._previous.append(distinct.admit(tail, customers[tail - offset], heads))
            tail += 1
        self._tail = tail
        counts = []
        for window in _WINDOWS:
            oldest, head = t_ms - WINDOW_MS[window], heads[window]
            while head < tail and times[head - offset] < oldest:
                distinct.release(window, head, customers[head - offset])
                head += 1
            heads[window] = head
            counts.append(tail - head)
        return merchant_values(t_ms, counts, distinct.counts, state.frauds, state.first_fraud)
