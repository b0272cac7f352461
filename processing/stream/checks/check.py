"""What a check is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from processing.events import Transaction


class Observation(NamedTuple):
    """An accepted transaction as checks see it.

    Attributes:
        arrival_ms: when it arrived at the stream, milliseconds since 1970.
        amount: in major units of its currency.
        features: in the order of `feature_groups.FEATURE_NAMES`; NaN is missing, as all of them are
            for a late transaction. A comparison with NaN is false, so such a check finds nothing.
    """

    transaction: Transaction
    arrival_ms: int
    amount: float
    features: Sequence[float]


@dataclass(frozen=True, slots=True)
class Check:
    """One question about a transaction.

    Attributes:
        name: lower-case words with underscores; the counter is ``check_<name>``.
        description: what is counted.
        found: the answer for one transaction; it has to be fast and must not raise.
        anomalous: whether such a transaction is one that something is wrong with. What only
            describes the stream, like the shape of its amounts, is not.
    """

    name: str
    description: str
    found: Callable[[Observation], bool]
    anomalous: bool = True

    @property
    def counter(self) -> str:
        return f"check_{self.name}"
