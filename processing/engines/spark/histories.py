"""The steps that compute: each gets an entity's rows together and in the order of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from processing.engines.columns import FraudReports
from processing.engines.spark.parts import MerchantPart, UserPart
from processing.engines.spark.rows import (
    EVENT,
    REPORT,
    SEEN,
    numbers,
    rows,
    unpack,
)

Part = TypeVar("Part")
Count = Callable[[int], None]


class _Histories(Generic[Part]):
    """Which part computes which rows.

    An entity that goes on in the next batch keeps its part, all others get a new one: so a task needs
    memory for one batch and one history, however many entities it has.
    """

    def __init__(self, new: Callable[[], Part]) -> None:
        self.entities = 0
        self._new = new
        self._part: Part | None = None
        self._last = 0

    def of(self, keys: NDArray[np.int64]) -> Iterator[tuple[Part, slice]]:
        """Parts and the rows they get, for the keys of the next batch."""
        begins = np.flatnonzero(np.diff(keys)) + 1
        self.entities += begins.size
        start = 0
        if self._part is not None and keys[0] == self._last:
            start = int(begins[0]) if begins.size else keys.size
            yield self._part, slice(0, start)
        else:
            self.entities += 1
        self._last = int(keys[-1])
        if start < keys.size:
            self._part = self._new()
            yield self._part, slice(start, keys.size)


@dataclass(frozen=True, slots=True)
class UserFeatures:
    """The features of users and of the request itself; adds a row per fraud for its merchant.

    Attributes:
        count: told the number of users at the end of a partition.
    """

    count: Count

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """`ROW` with `SEEN` records; the key is the merchant.

        Args:
            batches: `ROW` with `EVENT` records by key and time; the key is the user.
        """
        histories = _Histories(UserPart)
        for batch in _filled(batches):
            events = unpack(batch.column("record"), EVENT)
            users, times = numbers(batch, "key"), numbers(batch, "time")
            seen = np.empty(len(events), SEEN)
            seen["customer"] = users
            for part, run in histories.of(users):
                seen["features"][run] = part.features(users[run], times[run], events[run])
            merchants, places = events["merchant"].copy(), numbers(batch, "place")
            yield rows(merchants, times, places, batch.column("transaction_id"), seen)
            if events["fraud"].any():
                yield _reports(events[events["fraud"] != 0])
        self.count(histories.entities)


@dataclass(frozen=True, slots=True)
class MerchantFeatures:
    """The features of merchants.

    Attributes:
        count: told the number of merchants at the end of a partition.
    """

    count: Count

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """`ROW` with `VECTOR` records, transactions only.

        Args:
            batches: `ROW` with `SEEN` records by key and time; the key is the merchant.
        """
        histories = _Histories(MerchantPart)
        for batch in _filled(batches):
            seen = unpack(batch.column("record"), SEEN)
            key, time, place = (numbers(batch, name) for name in ("key", "time", "place"))
            for part, run in histories.of(key):
                is_report = place[run] == REPORT
                # Learned ahead of their time, which changes nothing: they count for what comes after it.
                part.learn(FraudReports(key[run][is_report], time[run][is_report]))
                left = np.flatnonzero(~is_report) + run.start
                if left.size:
                    vectors = seen["features"][left]
                    part.fill(key[left], time[left], seen["customer"][left], vectors)
                    ids = batch.column("transaction_id").take(pa.array(left))
                    yield rows(key[left], time[left], place[left], ids, vectors)
        self.count(histories.entities)


def _reports(frauds: NDArray[Any]) -> pa.RecordBatch:
    count = len(frauds)
    merchants, known = frauds["merchant"].copy(), frauds["known"].copy()
    nobody = pa.array([""] * count, pa.string())
    return rows(merchants, known, np.full(count, REPORT), nobody, np.zeros(count, SEEN))


def _filled(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    return (batch for batch in batches if batch.num_rows)
