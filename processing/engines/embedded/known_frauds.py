"""Frauds of merchants by the time they became known, as arrays that the compiled code searches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from processing.engines.embedded import fields as f
from processing.engines.embedded.entities import Codes
from processing.engines.embedded.merchants import Frauds


class KnownFrauds:
    """All frauds that a window may still count; the first of each merchant is kept for ever."""

    def __init__(self) -> None:
        self.frauds = Frauds(
            np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int64)
        )
        self._owner = np.empty(0, np.int32)

    def extend(self, merchants: int) -> None:
        """Make room for `merchants` in total; new ones have no fraud."""
        have = self.frauds.first.size
        if merchants <= have:
            return
        more = max(merchants, have * 5 // 4)
        for array in (self.frauds.start, self.frauds.stop, self.frauds.first):
            array.resize(more, refcheck=False)
        self.frauds.first[have:] = f.NEVER

    def first(self, merchant: int) -> int:
        """When the first fraud of a merchant became known, `fields.NEVER` for none."""
        return int(self.frauds.first[merchant])

    def known(self, merchant: int) -> list[int]:
        """When frauds of a merchant became known, ascending, as far as a window may still count them."""
        times: list[int] = self.frauds.known[
            self.frauds.start[merchant] : self.frauds.stop[merchant]
        ].tolist()
        return times

    def replace(self, merchant: int, known: NDArray[np.int64], first: int) -> None:
        """Put these frauds in the place of a merchant's."""
        others = self._owner != merchant
        self._owner, times = self._owner[others], self.frauds.known[others]
        self.frauds = self.frauds._replace(known=times)
        self.learn(np.full(known.size, merchant, np.int32), known, np.full(self.frauds.first.size, f.NEVER))
        self.frauds.first[merchant] = first

    def learn(self, merchants: Codes, known: NDArray[np.int64], oldest: NDArray[np.int64]) -> None:
        """Add frauds of `merchants`, and forget those known before `oldest`, which is per merchant."""
        first = np.where(self.frauds.first == f.NEVER, np.iinfo(np.int64).max, self.frauds.first)
        np.minimum.at(first, merchants, known)
        self.frauds.first[merchants] = first[merchants]
        owner = np.concatenate([self._owner, merchants])
        times = np.concatenate([self.frauds.known, known])
        kept = times >= oldest[owner]
        owner, times = owner[kept], times[kept]
        order = np.lexsort((times, owner))
        self._owner = owner[order]
        everyone = np.arange(self.frauds.first.size)
        self.frauds.start[:] = np.searchsorted(self._owner, everyone, "left")
        self.frauds.stop[:] = np.searchsorted(self._owner, everyone, "right")
        self.frauds = self.frauds._replace(known=times[order])
