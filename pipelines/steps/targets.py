"""What the model is taught: labels as they were known at the as-of time."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

TARGET = "is_fraud"


def known_labels(labels: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    """Labels whose investigation was complete at `as_of`."""
    return labels[labels["investigation_complete_time"] <= as_of].reset_index(drop=True)


def targets(transaction_ids: pd.Series, labels: pd.DataFrame) -> pd.Series:
    """1 for a transaction whose latest label says fraud, else 0; indexed like `transaction_ids`.

    `labels` are in the order they became known, so a later investigation overrules an earlier. A
    transaction without a label counts as genuine: past the label delay, nobody disputed it.
    """
    latest = labels.drop_duplicates("transaction_id", keep="last").set_index("transaction_id")["is_fraud"]
    return transaction_ids.map(latest).eq(True).astype("int8")
