"""Transactions of the test window as requests, and an online store with what came before them."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pandas as pd

from feature_groups import FEATURE_NAMES
from pipelines.steps.dataset import Dataset
from processing.online.filling import fill

_HISTORY, _REQUESTS = 20_000, 500
_AMOUNT = FEATURE_NAMES.index("amount")


def populate(test: Dataset, folder: Path) -> list[bytes]:
    """Fill a store with the states of users and merchants; the window's last transactions, as JSON.

    At most 500 transactions are requests, and the 20,000 before them are history. Places and devices, which a
    training set does not keep, are absent: their features are missing.
    """
    bodies = _bodies(test)
    requests = min(_REQUESTS, (len(bodies) + 1) // 2)
    end_ms = int(test.keys["timestamp"].max().timestamp() * 1000) + 1
    fill(folder, bodies[-_HISTORY - requests : -requests], end_ms)
    return bodies[-requests:]


def _bodies(test: Dataset) -> list[bytes]:
    keys = test.keys
    times = keys["timestamp"].dt.strftime("%Y-%m-%dT%H:%M:%S.%f").str[:-3] + "Z"
    amounts = [_amount(float(value)) for value in test.features[:, _AMOUNT]]
    columns = (
        keys["transaction_id"],
        keys["user_id"],
        keys["merchant_id"],
        keys["currency"],
        keys["country"],
    )
    return [
        msgspec.json.encode(
            {
                "transaction_id": transaction,
                "user_id": user,
                "merchant_id": merchant,
                "amount": amount,
                "currency": currency,
                "timestamp": time,
                "country": None if pd.isna(country) else country,
            }
        )
        for transaction, user, merchant, currency, country, time, amount in zip(
            *columns, times, amounts, strict=True
        )
    ]


def _amount(value: float) -> msgspec.Raw:
    """As it was sent, without decimals that its currency may not have."""
    return msgspec.Raw(f"{max(value, 0.01):.2f}".rstrip("0").rstrip(".").encode())
