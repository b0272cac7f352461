"""A user's history: packed bytes, pure functions on them, and an object that holds them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from typing import Any

from processing.windows.horizon import MEMORY_MS
from processing.windows.packing import Packed, windows_in, words_of
from processing.windows.runtime import Kernel, kernel

UNKNOWN, APPROVED, DECLINED = 0, 1, 2  # a transaction's status

_NEVER = -(1 << 62)
_COUNT, _LAST_TIME, _TILES = 1, 4, 7  # words of the header, see the kernel


def user_query(state: bytes | None, t_ms: int) -> list[float]:
    """The aggregates at `t_ms`, in the order of `plan("user").values`; NaN is missing.

    Exact for any time from `LATENESS_MS` before the newest transaction onwards.

    Args:
        state: what `user_update` gave, None for no history.

    Raises:
        StateError: the bytes are no user's state of this version.
    """
    its = kernel("user")
    return its.values(its.read(state), t_ms)


def user_update(
    state: bytes | None,
    t_ms: int,
    amount: int,
    merchant: int,
    device: int = 0,
    country: int = 0,
    status: int = UNKNOWN,
) -> bytes:
    """The state with one more transaction.

    Args:
        t_ms: event time, milliseconds since 1970 (UTC), below 2**48 in size.
        amount: hundredths of the major unit.
        merchant, device: `identity` of each; device 0 is unknown.
        country: `country_code`, 0 unknown.
        status: `UNKNOWN`, `APPROVED` or `DECLINED`.

    Raises:
        StateError: the bytes are no user's state of this version.
    """
    its = kernel("user")
    mark = country << 2 | status
    return its.packed(its.update(its.settings, its.read(state), t_ms, amount, merchant, device, mark))


def user_update_many(
    state: bytes | None,
    times: Iterable[int],
    amounts: Iterable[int],
    merchants: Iterable[int],
    devices: Iterable[int],
    countries: Iterable[int],
    statuses: Iterable[int],
) -> bytes:
    """The state with more transactions, given as columns; see `user_update`."""
    its = kernel("user")
    buffer = its.read(state)
    rows = zip(times, amounts, merchants, devices, countries, statuses, strict=True)
    for t_ms, amount, merchant, device, country, status in rows:
        buffer = its.update(its.settings, buffer, t_ms, amount, merchant, device, country << 2 | status)
    return its.packed(buffer)


def user_last_time(state: Packed | None, t_ms: int) -> int | None:
    """When the newest transaction strictly before `t_ms` was; None for none within `MEMORY_MS`."""
    if state is None:
        return None
    words = words_of(state)
    first = _TILES + windows_in(words)
    before = bisect_left(words, t_ms, first, first + words[_COUNT])
    last = words[before - 1] if before > first else words[_LAST_TIME]
    return last if 0 < t_ms - last <= MEMORY_MS else None


def user_latest_time(state: Packed | None) -> int | None:
    """Time of the newest transaction ever applied; None for no history."""
    if state is None:
        return None
    words = words_of(state)
    count: int = words[_COUNT]
    if count:
        newest: int = words[_TILES + windows_in(words) + count - 1]
        return newest
    # The transactions were too old to count and are gone; when the last one was is kept.
    last: int = words[_LAST_TIME]
    return last if last > _NEVER else None


def user_times(state: Packed | None) -> list[int]:
    """Event times of the transactions that the state holds one by one, oldest first."""
    if state is None:
        return []
    words = words_of(state)
    first = _TILES + windows_in(words)
    return words[first : first + words[_COUNT]].tolist()


class UserState:
    """A user's history that takes one transaction after another; it is packed at any time."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer: Any = None  # a packed state as the kernel takes it

    def after(
        self,
        t_ms: int,
        amount: int,
        merchant: int,
        device: int = 0,
        country: int = 0,
        status: int = UNKNOWN,
    ) -> UserState:
        """The history with one more transaction, this one unchanged; see `user_update`."""
        its, state = kernel("user"), UserState()
        mark = country << 2 | status
        state._buffer = its.update(its.settings, self._packed(its), t_ms, amount, merchant, device, mark)
        return state

    def become(self, other: UserState) -> None:
        """Take over another history."""
        self._buffer = other._buffer

    def update(
        self,
        t_ms: int,
        amount: int,
        merchant: int,
        device: int = 0,
        country: int = 0,
        status: int = UNKNOWN,
    ) -> None:
        """Add one transaction; see `user_update`."""
        self.become(self.after(t_ms, amount, merchant, device, country, status))

    def values(self, t_ms: int) -> list[float]:
        """Everything the kernel computes at `t_ms`; see `user_query`."""
        its = kernel("user")
        return its.values(self._packed(its), t_ms)

    def query(self, t_ms: int) -> list[float]:
        """The features at `t_ms`, in the order of `feature_groups.USER_FEATURES`; see `user_query`."""
        return list(kernel("user").pick(self.values(t_ms)))

    def last_time(self, t_ms: int) -> int | None:
        """When the newest transaction strictly before `t_ms` was, however long ago; None for never."""
        return user_last_time(self._buffer, t_ms)

    @property
    def latest_time(self) -> int | None:
        """Time of the newest transaction ever applied."""
        return user_latest_time(self._buffer)

    @property
    def times(self) -> list[int]:
        """Event times of the transactions held one by one, oldest first."""
        return user_times(self._buffer)

    def encode(self) -> bytes:
        """The packed state. The same transactions within the lateness give the same bytes."""
        its = kernel("user")
        return its.packed(self._packed(its))

    @classmethod
    def decode(cls, data: bytes) -> UserState:
        """The state that `encode` packed.

        Raises:
            StateError: the bytes are no user's state of this version.
        """
        its, state = kernel("user"), cls()
        state._buffer = its.read(data)
        its.check(its.settings, state._buffer)
        return state

    def _packed(self, its: Kernel) -> Any:
        return its.read(None) if self._buffer is None else self._buffer
