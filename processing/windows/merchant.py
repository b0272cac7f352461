"""A merchant's history: who paid when in the last 30 days, and when frauds became known."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right, insort

from processing.windows.horizon import RETENTION_MS
from processing.windows.merchant_scan import scan
from processing.windows.merchant_sliding import MerchantSliding
from processing.windows.packing import Reader, pack

_KIND = b"M"
_NEVER = -(1 << 62)
_PRUNE_AFTER = 64


class MerchantState:
    """Columns of one merchant's transactions and known frauds, oldest first.

    Attributes:
        times: event times, milliseconds since 1970 (UTC).
        customers: `identity` of the user, per transaction.
        frauds: when each fraud at the merchant became known.
        first_fraud: when the first one became known, however long ago; None for never.
        earlier_time: time of the newest transaction that has expired, or None.
    """

    __slots__ = ("_sliding", "customers", "earlier_time", "first_fraud", "frauds", "times")

    def __init__(self) -> None:
        self.times: array[int] = array("q")
        self.customers: array[int] = array("Q")
        self.frauds: array[int] = array("q")
        self.first_fraud: int | None = None
        self.earlier_time: int | None = None
        self._sliding: MerchantSliding | None = MerchantSliding(self)

    def update(self, t_ms: int, customer: int) -> None:
        """Add one transaction; one older than the retention behind the newest is ignored."""
        times = self.times
        at = len(times)
        if at and t_ms < times[-1]:
            if t_ms < times[-1] - RETENTION_MS:
                return
            at = bisect_right(times, t_ms)
        if self._sliding is None:
            self._sliding = MerchantSliding(self)
        else:
            self._sliding.step_back(at)
        times.insert(at, t_ms)
        self.customers.insert(at, customer)
        if len(times) > _PRUNE_AFTER and times[_PRUNE_AFTER] < times[-1] - RETENTION_MS:
            self._prune()

    def learn_fraud(self, known_ms: int, instead_of: int | None = None) -> None:
        """A transaction of this merchant became known as fraud at `known_ms`.

        Args:
            instead_of: the later time that was learned for the same transaction before.
        """
        if instead_of is not None and instead_of in self.frauds:
            self.frauds.remove(instead_of)
        insort(self.frauds, known_ms)
        if self.first_fraud is None or known_ms < self.first_fraud:
            self.first_fraud = known_ms

    def query(self, t_ms: int) -> list[float]:
        """The 11 aggregates at `t_ms`, in the order of `feature_groups.MERCHANT_FEATURES`.

        Exact for any time from `LATENESS_MS` before the newest transaction onwards. Amortised O(1)
        when times ascend; a step back, or a state just decoded, is answered by a scan.
        """
        sliding = self._sliding
        if sliding is None or t_ms < sliding.now:
            return scan(self, t_ms)
        return sliding.query(t_ms)

    @property
    def latest_time(self) -> int | None:
        """Time of the newest transaction or fraud report ever applied."""
        newest = self.times[-1] if self.times else self.earlier_time
        if self.frauds and (newest is None or self.frauds[-1] > newest):
            newest = self.frauds[-1]
        return newest

    def encode(self) -> bytes:
        """The packed state; what has expired is left out."""
        self._prune()
        first = _NEVER if self.first_fraud is None else self.first_fraud
        earlier = _NEVER if self.earlier_time is None else self.earlier_time
        fields = (len(self.times), len(self.frauds), first, earlier)
        return pack(_KIND, fields, (self.times, self.customers, self.frauds))

    @classmethod
    def decode(cls, data: bytes) -> MerchantState:
        """The state that `encode` packed.

        Raises:
            StateError: the bytes are no merchant state of a known version.
        """
        reader = Reader(data, _KIND)
        length, frauds, first, earlier = reader.fields(4)
        state = cls.__new__(cls)
        state.times = reader.column("q", length)
        state.customers = reader.column("Q", length)
        state.frauds = reader.column("q", frauds)
        reader.finish()
        state.first_fraud = None if first == _NEVER else first
        state.earlier_time = None if earlier == _NEVER else earlier
        state._sliding = None  # a state that is only read once is scanned, which is cheaper
        return state

    def _prune(self) -> None:
        """Forget what no window within the allowed lateness can reach."""
        times = self.times
        if not times:
            return
        horizon = times[-1] - RETENTION_MS
        del self.frauds[: bisect_left(self.frauds, horizon)]
        expired = bisect_left(times, horizon)
        if not expired:
            return
        self.earlier_time = times[expired - 1]
        del times[:expired]
        del self.customers[:expired]
        if self._sliding is not None and not self._sliding.drop(expired):
            self._sliding = MerchantSliding(self)
