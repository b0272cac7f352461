"""What the transactions themselves tell, for whole batches: `processing.features.vector` in columns."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from feature_groups import FEATURE_NAMES, REQUEST_FEATURES
from processing.engines.columns import EventColumns
from processing.engines.embedded import fields as f

_HOUR_MS, _DAY_MS = 3_600_000, 86_400_000
_THURSDAY = 3  # 1970-01-01
_AVERAGE_30D = FEATURE_NAMES.index("user_amount_avg_30d")
_PLACES = tuple((feature.name, FEATURE_NAMES.index(feature.name)) for feature in REQUEST_FEATURES)


def fill_request(events: EventColumns, last_times: NDArray[np.int64], out: NDArray[np.float64]) -> None:
    """Write the request-time features into `out`, whose window features are there already.

    Args:
        last_times: per row, when the user's last transaction before it was; `fields.NEVER` for none.
    """
    times = events.times
    amount = events.amounts / 100.0
    average = out[:, _AVERAGE_30D]
    values: dict[str, Any] = {
        "amount": amount,
        "distance_from_home_km": events.distance,
        "seconds_since_last_transaction": np.where(
            last_times == f.NEVER, np.nan, (times - last_times) / 1000.0
        ),
        "hour_of_day": times // _HOUR_MS % 24,
        "day_of_week": (times // _DAY_MS + _THURSDAY) % 7,
        # An average of 0 is of amounts that round to no hundredth: nothing to compare with.
        "amount_to_average_30d": np.divide(
            amount, average, out=np.full(len(events), np.nan), where=average != 0
        ),
        "foreign_country": events.foreign,
    }
    for name, place in _PLACES:
        out[:, place] = values[name]
