"""``python -m processing.engines.embedded.warm``: compile the engine once, for every process to come."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from processing.engines.columns import EventColumns, FraudReports
from processing.engines.embedded.engine import EmbeddedEngine


def warm() -> None:
    """Put two transactions and a report of fraud through an engine."""
    engine = EmbeddedEngine()
    engine.learn(FraudReports.of([("m", 0)]))
    of_all = np.zeros(2, np.int64)
    engine.apply(
        EventColumns(
            transaction_ids=pa.chunked_array([["a", "b"]]),
            user=of_all.astype(np.int32),
            merchant=of_all.astype(np.int32),
            user_identity=np.ones(1, np.int64),
            merchant_identity=np.ones(1, np.int64),
            times=np.array([1, 2]),
            amounts=of_all + 100,
            device=of_all,
            country=of_all.astype(np.int32),
            status=of_all.astype(np.int8),
            distance=np.full(2, np.nan),
            foreign=np.full(2, np.nan),
        )
    )


if __name__ == "__main__":
    warm()
