"""What investigators find out, and when: labels arrive days later, and only for investigated cases."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from processing.generator.columns import FRAUD_TYPES, Columns
from processing.generator.scenario import DAY_MS
from processing.sources.dataset import LABELS

REPORTED = 0.97
FALSE_ALARMS_PER_FRAUD = 1.5
MEDIAN_DELAY_DAYS, DELAY_SIGMA, MAX_DELAY_DAYS = 2.0, 0.6, 6.9


def investigate(rng: np.random.Generator, columns: Columns, transaction_id: pa.Array) -> pa.Table:
    """Labels of a time-ordered set: nearly all frauds, and some honest payments that were looked into.

    Every investigation is complete within seven days of the transaction.
    """
    is_fraud = columns.fraud > 0
    reported = np.flatnonzero(is_fraud & (rng.random(len(columns)) < REPORTED))
    honest = np.flatnonzero(~is_fraud)
    alarms = rng.choice(honest, min(honest.size, int(reported.size * FALSE_ALARMS_PER_FRAUD)), replace=False)
    index = np.concatenate([reported, alarms])
    delay = np.clip(rng.lognormal(np.log(MEDIAN_DELAY_DAYS), DELAY_SIGMA, index.size), 0.2, MAX_DELAY_DAYS)
    known = columns.time[index] + (delay * DAY_MS).astype(np.int64)
    order = np.lexsort((index, known))
    index, known = index[order], known[order]
    fraud = columns.fraud[index]
    return pa.table(
        {
            "transaction_id": transaction_id.take(pa.array(index)),
            "is_fraud": fraud > 0,
            "fraud_type": pa.array([FRAUD_TYPES[f] or None for f in fraud.tolist()], pa.string()),
            "confidence": np.round(rng.uniform(0.85, 1.0, index.size), 2),
            "investigation_complete_time": pa.array(known, pa.timestamp("ms", "UTC")),
        },
        schema=LABELS,
    )
