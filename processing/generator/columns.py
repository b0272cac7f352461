"""Transactions as columns of numbers: what the generator computes with before it makes tables."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

CHANNELS = ("pos", "contactless", "online", "mobile", "atm")
POS, CONTACTLESS, ONLINE, MOBILE, ATM = range(5)
FRAUD_TYPES = ("", "card_testing", "account_takeover", "compromised_merchant", "fast_travel")
NO_DEVICE = -1


@dataclass(slots=True)
class Columns:
    """One row per transaction; every array has the same length.

    `user`, `merchant` index the population; `time` is ms since 1970 UTC; `amount` is in minor
    units; `place` is a city index with `lat`/`lon` near it; `device` is a number, `NO_DEVICE` where
    the channel shows none; `fraud` indexes `FRAUD_TYPES`, 0 is legitimate.
    """

    user: NDArray[np.int32]
    merchant: NDArray[np.int32]
    time: NDArray[np.int64]
    amount: NDArray[np.int64]
    place: NDArray[np.int16]
    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    device: NDArray[np.int64]
    channel: NDArray[np.int8]
    declined: NDArray[np.bool_]
    fraud: NDArray[np.int8]

    def __len__(self) -> int:
        return self.user.size

    def take(self, index: NDArray[np.intp]) -> Columns:
        """The rows at `index`, in that order."""
        return Columns(**{f.name: getattr(self, f.name)[index] for f in fields(self)})

    @staticmethod
    def concat(parts: list[Columns]) -> Columns:
        """All rows of `parts`, one part after the other."""
        return Columns(
            **{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Columns)}
        )
