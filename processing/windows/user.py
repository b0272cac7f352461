"""A user's history: the transactions of the last 30 days in time order, and what they add up to."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from typing import Any

from processing.windows.horizon import RETENTION_MS
from processing.windows.packing import Reader, pack
from processing.windows.user_scan import scan
from processing.windows.user_sliding import UserSliding

UNKNOWN, APPROVED, DECLINED = 0, 1, 2  # what `statuses` holds

_KIND = b"U"
_NEVER = -(1 << 62)
_PRUNE_AFTER = 64  # expired events that may wait in memory before they are dropped together


class UserState:
    """Columns of one user's transactions, ordered by ``(time, device)``, oldest first.

    Attributes:
        times: event times, milliseconds since 1970 (UTC).
        amounts: hundredths of the major unit.
        merchants: `identity` of the merchant.
        devices: `identity` of the device, 0 unknown.
        countries: `country_code` of the country, 0 unknown.
        statuses: `UNKNOWN`, `APPROVED` or `DECLINED`.
        earlier_time: time of the newest transaction that has expired, or `None`.
        earlier_device: last known device among those that have expired, 0 unknown.
    """

    __slots__ = (
        "_sliding",
        "amounts",
        "countries",
        "devices",
        "earlier_device",
        "earlier_time",
        "merchants",
        "statuses",
        "times",
    )

    def __init__(self) -> None:
        self.times: array[int] = array("q")
        self.amounts: array[int] = array("q")
        self.merchants: array[int] = array("Q")
        self.devices: array[int] = array("Q")
        self.countries: array[int] = array("H")
        self.statuses: array[int] = array("B")
        self.earlier_time: int | None = None
        self.earlier_device = 0
        self._sliding: UserSliding | None = UserSliding(self)

    def update(
        self,
        t_ms: int,
        amount: int,
        merchant: int,
        device: int = 0,
        country: int = 0,
        status: int = UNKNOWN,
    ) -> None:
        """Add one transaction; one older than the retention behind the newest is ignored."""
        times, devices = self.times, self.devices
        at = len(times)
        if at and (t_ms < times[-1] or (t_ms == times[-1] and device < devices[-1])):
            if t_ms < times[-1] - RETENTION_MS:
                return
            at = bisect_left(times, t_ms)
            at = bisect_right(devices, device, at, bisect_right(times, t_ms, at))
        times.insert(at, t_ms)
        self.amounts.insert(at, amount)
        self.merchants.insert(at, merchant)
        devices.insert(at, device)
        self.countries.insert(at, country)
        self.statuses.insert(at, status)
        if self._sliding is None or self._sliding.already_passed(at):
            self._sliding = UserSliding(self)
        if len(times) > _PRUNE_AFTER and times[_PRUNE_AFTER] < times[-1] - RETENTION_MS:
            self._prune()

    def query(self, t_ms: int) -> list[float]:
        """The 32 aggregates at `t_ms`, in the order of `feature_groups.USER_FEATURES`.

        Exact for any time from `LATENESS_MS` before the newest transaction onwards. Amortised O(1)
        when times ascend; a step back, or a state just decoded, is answered by a scan.
        """
        sliding = self._sliding
        if sliding is None or t_ms < sliding.now:
            return scan(self, t_ms)
        return sliding.query(t_ms)

    def last_time(self, t_ms: int) -> int | None:
        """When the newest transaction strictly before `t_ms` was, however long ago; None for never."""
        times = self.times
        if times and times[-1] < t_ms:
            return times[-1]
        before = bisect_left(times, t_ms)
        return times[before - 1] if before else self.earlier_time

    @property
    def latest_time(self) -> int | None:
        """Time of the newest transaction ever applied."""
        return self.times[-1] if self.times else self.earlier_time

    def encode(self) -> bytes:
        """The packed state; expired transactions are left out."""
        self._prune()
        earlier = _NEVER if self.earlier_time is None else self.earlier_time
        # The device identity is unsigned; its bit pattern travels in a signed field.
        device = self.earlier_device - (1 << 64 if self.earlier_device >> 63 else 0)
        return pack(_KIND, (len(self.times), earlier, device), self._columns())

    @classmethod
    def decode(cls, data: bytes) -> UserState:
        """The state that `encode` packed.

        Raises:
            StateError: the bytes are no user state of a known version.
        """
        reader = Reader(data, _KIND)
        length, earlier, device = reader.fields(3)
        state = cls.__new__(cls)
        state.times = reader.column("q", length)
        state.amounts = reader.column("q", length)
        state.merchants = reader.column("Q", length)
        state.devices = reader.column("Q", length)
        state.countries = reader.column("H", length)
        state.statuses = reader.column("B", length)
        reader.finish()
        state.earlier_time = None if earlier == _NEVER else earlier
        state.earlier_device = device % (1 << 64)
        state._sliding = None  # a state that is only read once is scanned, which is cheaper
        return state

    def _columns(self) -> tuple[array[Any], ...]:
        return (self.times, self.amounts, self.merchants, self.devices, self.countries, self.statuses)

    def _prune(self) -> None:
        """Forget transactions that no window within the allowed lateness can reach."""
        times = self.times
        expired = bisect_left(times, times[-1] - RETENTION_MS) if times else 0
        if not expired:
            return
        self.earlier_time = times[expired - 1]
        self.earlier_device = next(filter(None, reversed(self.devices[:expired])), self.earlier_device)
        for column in self._columns():
            del column[:expired]
        if self._sliding is not None and not self._sliding.drop(expired):
            self._sliding = UserSliding(self)


def country_code(country: str | None) -> int:
    """An ISO 3166 alpha-2 code as a number, 0 when unknown."""
    return ord(country[0]) << 8 | ord(country[1]) if country else 0
