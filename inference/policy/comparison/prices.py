"""What a decision costs, in real time and in the off-peak batch."""

from __future__ import annotations

from dataclasses import dataclass

PRICED = "2026-11"

# ml.c5.xlarge on demand in us-east-1, the same for hosting and for batch transform.
_INSTANCE_USD_PER_HOUR = 0.204
# Hosting is sized for peaks, three zones and head-room: a quarter of what it could decide arrives.
_REALTIME_PER_S = 4_000 * 0.25
_BATCH_PER_S = 4_000
# A decision reads three records of at most 4 KB from the online store; a batch reads files.
_READS, _READ_USD = 3, 0.25e-6


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars for a million decisions, and for a thousand questions to third parties.

    The defaults are list prices as known in `PRICED`, for an instance that decides 4,000 transactions a
    second; bring your own. Third parties are asked in real time only.
    """

    realtime: float = _INSTANCE_USD_PER_HOUR / 3600 / _REALTIME_PER_S * 1e6 + _READS * _READ_USD * 1e6
    batch: float = _INSTANCE_USD_PER_HOUR / 3600 / _BATCH_PER_S * 1e6
    bureau_per_thousand: float = 0.0

    def cost(self, realtime: int, batch: int) -> float:
        """US dollars for so many decisions of each kind."""
        each = self.realtime / 1e6 + self.bureau_per_thousand / 1e3
        return realtime * each + batch * self.batch / 1e6
