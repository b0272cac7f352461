"""A merchant's history: packed bytes, pure functions on them, and an object that holds them."""

from __future__ import annotations

import struct
from bisect import insort
from collections.abc import Iterable
from typing import Any

from processing.windows.horizon import RETENTION_MS
from processing.windows.packing import Packed, windows_in, words_of
from processing.windows.runtime import Kernel, kernel

_NEVER = -(1 << 62)
_COUNT, _FRAUDS, _FIRST_FRAUD, _TILES = 1, 3, 4, 5  # words of the header, see the kernel
_NEVER = -(1 << 62)


def merchant_query(state: bytes | None, t_ms: int) -> list[float]:
    """The aggregates at `t_ms`, in the order of `plan("merchant").values`; NaN is missing.

    Exact for any time from `LATENESS_MS` before the newest transaction onwards.

    Args:
        state: what `merchant_update` and `merchant_learn_fraud` gave, None for no history.

    Raises:
        StateError: the bytes are no merchant's state of this version.
    """
    its = kernel("merchant")
    return its.values(its.read(state), t_ms)


def merchant_update(state: bytes | None, t_ms: int, customer: int) -> bytes:
    """The state with one more transaction.

    Args:
        t_ms: event time, milliseconds since 1970 (UTC), below 2**48 in size.
        customer: `identity` of the user.

    Raises:
        StateError: the bytes are no merchant's state of this version.
    """
    its = kernel("merchant")
    return its.packed(its.update(its.settings, its.read(state), t_ms, customer))


def merchant_update_many(state: bytes | None, times: Iterable[int], customers: Iterable[int]) -> bytes:
    """The state with more transactions, given as columns; see `merchant_update`."""
    its = kernel("merchant")
    buffer = its.read(state)
    for t_ms, customer in zip(times, customers, strict=True):
        buffer = its.update(its.settings, buffer, t_ms, customer)
    return its.packed(buffer)


def merchant_learn_fraud(state: bytes | None, known_ms: int, instead_of: int | None = None) -> bytes:
    """The state once a transaction of this merchant became known as fraud at `known_ms`.

    Args:
        instead_of: the later time that was learned for the same transaction before.

    Raises:
        StateError: the bytes are no merchant's state of this version.
    """
    its = kernel("merchant")
    buffer = its.read(state)
    its.check(its.settings, buffer)
    packed, times, frauds = its.packed(buffer), merchant_times(buffer), merchant_frauds(buffer)
    end = len(packed) - 8 * len(frauds)
    if instead_of in frauds:
        frauds.remove(instead_of)
    # What no window reaches any more is forgotten, as an update does.
    if not times or known_ms >= times[-1] - RETENTION_MS:
        insort(frauds, known_ms)
    first = words_of(packed)[_FIRST_FRAUD]
    first = known_ms if first == _NEVER else min(first, known_ms)
    counts = struct.pack("<2q", len(frauds), first)
    return b"".join(
        (
            packed[: 8 * _FRAUDS],
            counts,
            packed[8 * _TILES : end],
            struct.pack(f"<{len(frauds)}q", *frauds),
        )
    )


def merchant_latest_time(state: Packed | None) -> int | None:
    """Time of the newest transaction or known fraud that the state still has; None for no history."""
    if state is None:
        return None
    words = words_of(state)
    count: int = words[_COUNT]
    # Without either, all was too old to count and is gone; since when there were frauds is kept.
    newest: int = words[len(words) - 1] if words[_FRAUDS] else words[_FIRST_FRAUD]
    if count:
        newest = max(newest, words[_TILES + windows_in(words) + count - 1])
    return newest if newest != _NEVER else None


def merchant_times(state: Packed | None) -> list[int]:
    """Event times of the transactions that the state holds one by one, oldest first."""
    if state is None:
        return []
    words = words_of(state)
    first = _TILES + windows_in(words)
    return words[first : first + words[_COUNT]].tolist()


def merchant_frauds(state: Packed | None) -> list[int]:
    """When frauds became known, oldest first, as far as a window can still reach."""
    if state is None:
        return []
    words = words_of(state)
    return words[len(words) - words[_FRAUDS] :].tolist()


class MerchantState:
    """A merchant's history that takes one transaction after another; it is packed at any time."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer: Any = None  # a packed state as the kernel takes it

    def after(self, t_ms: int, customer: int) -> MerchantState:
        """The history with one more transaction, this one unchanged; see `merchant_update`."""
        its, state = kernel("merchant"), MerchantState()
        state._buffer = its.update(its.settings, self._packed(its), t_ms, customer)
        return state

    def become(self, other: MerchantState) -> None:
        """Take over another history."""
        self._buffer = other._buffer

    def update(self, t_ms: int, customer: int) -> None:
        """Add one transaction; see `merchant_update`."""
        self.become(self.after(t_ms, customer))

    def learn_fraud(self, known_ms: int, instead_of: int | None = None) -> None:
        """A transaction became known as fraud; see `merchant_learn_fraud`."""
        its = kernel("merchant")
        packed = its.packed(self._packed(its))
        self._buffer = its.buffer(merchant_learn_fraud(packed, known_ms, instead_of))

    def values(self, t_ms: int) -> list[float]:
        """Everything the kernel computes at `t_ms`; see `merchant_query`."""
        its = kernel("merchant")
        return its.values(self._packed(its), t_ms)

    def query(self, t_ms: int) -> list[float]:
        """The features at `t_ms`, in the order of `feature_groups.MERCHANT_FEATURES`."""
        return list(kernel("merchant").pick(self.values(t_ms)))

    @property
    def latest_time(self) -> int | None:
        """Time of the newest transaction or known fraud."""
        return merchant_latest_time(self._buffer)

    @property
    def times(self) -> list[int]:
        """Event times of the transactions held one by one, oldest first."""
        return merchant_times(self._buffer)

    @property
    def frauds(self) -> list[int]:
        """When frauds became known, oldest first, as far as a window can still reach."""
        return merchant_frauds(self._buffer)

    def encode(self) -> bytes:
        """The packed state. The same transactions and frauds give the same bytes, in any order."""
        its = kernel("merchant")
        return its.packed(self._packed(its))

    @classmethod
    def decode(cls, data: bytes) -> MerchantState:
        """The state that `encode` packed.

        Raises:
            StateError: the bytes are no merchant's state of this version.
        """
        its, state = kernel("merchant"), cls()
        state._buffer = its.read(data)
        its.check(its.settings, state._buffer)
        return state

    def _packed(self, its: Kernel) -> Any:
        return its.read(None) if self._buffer is None else self._buffer
