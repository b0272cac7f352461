"""Point-in-time features of a table of transactions."""

from __future__ import annotations

import numpy as np
import pandas as pd

from feature_groups import FEATURE_NAMES
from processing.batch.frames import as_transactions, fraud_reports, in_event_order
from processing.batch.profiles import ProfileVersions
from processing.features import observe, vector
from processing.windows import MerchantState, UserState


def compute_features(
    transactions: pd.DataFrame, labels: pd.DataFrame, profiles: pd.DataFrame | None = None
) -> pd.DataFrame:
    """The 50 features of each transaction as of its own event time.

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
        ValueError: a required column is absent or holds no value in some row.
    """
    ordered = in_event_order(transactions)
    users: dict[str, UserState] = {}
    merchants: dict[str, MerchantState] = {}
    versions = ProfileVersions(profiles)
    # A state ignores frauds that become known after the time it is asked about.
    for merchant_id, known_ms in fraud_reports(ordered, labels):
        merchants.setdefault(merchant_id, MerchantState()).learn_fraud(known_ms)
    values = np.empty((len(ordered), len(FEATURE_NAMES)))
    for row, transaction in enumerate(as_transactions(ordered)):
        user = users.get(transaction.user_id)
        if user is None:
            user = users[transaction.user_id] = UserState()
        merchant = merchants.get(transaction.merchant_id)
        if merchant is None:
            merchant = merchants[transaction.merchant_id] = MerchantState()
        profile = versions.at(transaction.user_id, transaction.timestamp_ms)
        values[row] = vector(transaction, profile, user, merchant)
        observe(transaction, user, merchant)
    features = pd.DataFrame(values, columns=list(FEATURE_NAMES))
    features.insert(0, "transaction_id", ordered["transaction_id"].to_numpy())
    return features
