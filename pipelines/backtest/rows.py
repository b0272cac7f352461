"""The transactions of a source with their features, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from feature_groups import FEATURE_NAMES
from pipelines.steps.dataset import Dataset
from processing.engines.embedded import EmbeddedEngine
from processing.engines.source import labelled

_BATCH = 1 << 16
NEVER_KNOWN = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class Rows:
    """Transactions in event order, an element each.

    Attributes:
        features: float32 [rows, features] in model order, NaN where missing.
        fraud: 1 for a fraud, else 0: the truth, known or not.
        known_ms: when a fraud became known, milliseconds since 1970; `NEVER_KNOWN` for what never was.
        times_ms: event times.
        user: codes of the cards.
        delay_days: between a transaction and its label; None where the source has a time for each.
    """

    features: NDArray[np.float32]
    fraud: NDArray[np.int8]
    known_ms: NDArray[np.int64]
    times_ms: NDArray[np.int64]
    user: NDArray[np.int32]
    delay_days: float | None

    def __len__(self) -> int:
        return self.times_ms.size

    @property
    def first(self) -> datetime:
        """Time of the first transaction."""
        return _moment(self.times_ms[0])

    @property
    def last(self) -> datetime:
        """Time of the last transaction."""
        return _moment(self.times_ms[-1])

    def between(self, start: datetime, end: datetime) -> slice:
        """The rows of ``[start, end)``."""
        first, stop = np.searchsorted(self.times_ms, [milliseconds(start), milliseconds(end)])
        return slice(int(first), int(stop))

    def dataset(self, chosen: slice | NDArray[np.int64], as_of: datetime | None = None) -> Dataset:
        """Rows to train on or to evaluate.

        Args:
            as_of: frauds that were not known then count as genuine; None for the truth.
        """
        target = self.fraud[chosen]
        if as_of is not None:
            target = np.where(self.known_ms[chosen] < milliseconds(as_of), target, 0).astype(np.int8)
        times = pd.to_datetime(self.times_ms[chosen], unit="ms", utc=True)
        keys = pd.DataFrame({"user_id": self.user[chosen], "timestamp": times})
        return Dataset(self.features[chosen], target, keys)


def read(source: Path, columns: Path | None) -> Rows:
    """Every transaction of a source with the features that it had at its own time.

    Raises:
        EngineError: the source or its column map cannot be read, or names no labels.
    """
    events, outcome = labelled(source, columns)
    engine = EmbeddedEngine()
    engine.learn(outcome.reports(events))
    features = np.empty((len(events), len(FEATURE_NAMES)), np.float32)
    done = 0
    for batch in events.batches(_BATCH):
        features[done : done + len(batch)] = engine.apply(batch)
        done += len(batch)
    known = np.where(outcome.known_ms >= 0, outcome.known_ms, NEVER_KNOWN)
    return Rows(features, outcome.fraud.astype(np.int8), known, events.times, events.user, outcome.delay_days)


def milliseconds(moment: datetime) -> int:
    """Since 1970."""
    return round(moment.timestamp() * 1000)


def _moment(milliseconds_: int) -> datetime:
    return datetime.fromtimestamp(int(milliseconds_) / 1000, UTC)
