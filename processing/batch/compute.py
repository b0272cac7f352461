"""Point-in-time features of a table of transactions, by the embedded engine."""

from __future__ import annotations

import numpy as np
import pandas as pd

from feature_groups import FEATURE_NAMES
from processing.batch.frames import event_columns, fraud_reports, in_event_order, profile_homes
from processing.engines.columns import FraudReports
from processing.engines.embedded import EmbeddedEngine

_BATCH = 1 << 16


def compute_features(
    transactions: pd.DataFrame, labels: pd.DataFrame, profiles: pd.DataFrame | None = None
) -> pd.DataFrame:
    """The features of each transaction as of its own event time.

    Args:
        transactions: columns as in `processing.lake.RAW_TRANSACTIONS`; optional ones may be absent.
            Of several rows with one ``transaction_id`` the first to arrive counts.
        labels: columns as in `processing.lake.LABELS`. A fraud counts from the moment it became
            known: its ``investigation_complete_time`` has to be before a transaction to influence it.
        profiles: ``user_id`` and the columns of `Profile`. With an ``event_time`` column a transaction
            sees the newest version that is not younger than itself.

    Returns:
        ``transaction_id`` and one float64 column per feature, NaN where missing, in event order.

    Raises:
        ValueError: a required column is absent or holds no value in some row, or a currency or status
            is unknown.
    """
    ordered = in_event_order(transactions)
    events = event_columns(ordered, profile_homes(profiles))
    engine = EmbeddedEngine()
    # A history ignores frauds that become known after the time it is asked about.
    engine.learn(FraudReports.of(fraud_reports(ordered, labels)))
    values = np.empty((len(events), len(FEATURE_NAMES)))
    for start in range(0, len(events), _BATCH):
        stop = min(start + _BATCH, len(events))
        engine.apply(events.slice(start, stop), values[start:stop])
    features = pd.DataFrame(values, columns=list(FEATURE_NAMES), copy=False)
    features.insert(0, "transaction_id", ordered["transaction_id"].to_numpy())
    return features
