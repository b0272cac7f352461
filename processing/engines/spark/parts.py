"""The embedded engine, one half at a time: users where Spark has brought users' rows together, and so on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from feature_groups import FEATURE_NAMES
from processing.engines.columns import EventColumns
from processing.engines.embedded.engine import EmbeddedEngine
from processing.engines.embedded.request import fill_request
from processing.engines.spark.rows import EVENT

_NO_IDS = pa.chunked_array([], pa.string())
# The last fields of `EventColumns`, in its order.
_AMOUNT_TO_FOREIGN = ("amount", "device", "country", "status", "distance", "foreign")


class UserPart(EmbeddedEngine):
    """The features of users and of the request, for rows that have each user's in order of time."""

    def features(
        self, users: NDArray[np.int64], times: NDArray[np.int64], events: NDArray[Any]
    ) -> NDArray[np.float64]:
        """The model's features, those of the merchant still undefined.

        Args:
            users: identities, rows of equal ones together.
            events: `rows.EVENT`.
        """
        identities, codes = _runs(users)
        columns = EventColumns(
            _NO_IDS,
            codes,
            np.arange(len(events), dtype=np.int32),
            identities,
            events["merchant"].copy(),
            times,
            *(events[name].copy() for name in _AMOUNT_TO_FOREIGN),
        )
        out = np.empty((len(events), len(FEATURE_NAMES)))
        last_times = self._run_users(columns, self._users.numbers(identities, codes), out)
        fill_request(columns, last_times, out)
        return out


class MerchantPart(EmbeddedEngine):
    """The features of merchants, for rows that have each merchant's in order of time."""

    def fill(
        self,
        merchants: NDArray[np.int64],
        times: NDArray[np.int64],
        customers: NDArray[np.int64],
        out: NDArray[np.float64],
    ) -> None:
        """Write the merchants' features into the columns of `out` that are theirs.

        Args:
            merchants: identities, rows of equal ones together.
            out: ``float64[len(merchants), len(FEATURE_NAMES)]``, one row after the other in memory.
        """
        identities, codes = _runs(merchants)
        numbers = self._merchants.numbers(identities, codes)
        self._frauds.extend(len(self._merchants))
        columns = EventColumns(
            _NO_IDS,
            np.arange(times.size, dtype=np.int32),
            codes,
            customers.copy(),
            identities,
            times,
            *(np.empty(0, EVENT[name]) for name in _AMOUNT_TO_FOREIGN),
        )
        self._run_merchants(columns, numbers, out)


def _runs(keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The different keys in their order, and the index of each row's; equal keys are together."""
    begins = np.concatenate([[True], keys[1:] != keys[:-1]])
    return keys[begins], (np.cumsum(begins) - 1).astype(np.int32)
