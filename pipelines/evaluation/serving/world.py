"""Transactions of the test window as requests, and an online store with what came before them."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import msgspec
import pandas as pd

from feature_groups import FEATURE_NAMES
from pipelines.steps.dataset import Dataset
from processing.events import decode_transaction
from processing.features import MerchantState, UserState, observe
from processing.online.codec import MERCHANT, PROGRESS, STREAM, USER, pack_progress
from processing.online.embedded import LmdbWriter
from processing.online.writing import OnlineRecord

_HISTORY, _REQUESTS = 20_000, 500
_AMOUNT = FEATURE_NAMES.index("amount")


def populate(test: Dataset, folder: Path) -> list[bytes]:
    """Fill a store with the states of users and merchants; the window's last transactions, as JSON.

    At most 500 transactions are requests, and the 20,000 before them are history. Places and devices, which a
    training set does not keep, are absent: their features are missing.
    """
    bodies = _bodies(test)
    requests = min(_REQUESTS, (len(bodies) + 1) // 2)
    users: defaultdict[str, UserState] = defaultdict(UserState)
    merchants: defaultdict[str, MerchantState] = defaultdict(MerchantState)
    times = test.keys["timestamp"]
    last_ms = end_ms = int(times.max().timestamp() * 1000) + 1
    for body in bodies[-_HISTORY - requests : -requests]:
        transaction = decode_transaction(body, end_ms, True)
        observe(transaction, users[transaction.user_id], merchants[transaction.merchant_id])
    records = [OnlineRecord(USER, name, last_ms, state.encode()) for name, state in users.items()]
    records += [OnlineRecord(MERCHANT, name, last_ms, state.encode()) for name, state in merchants.items()]
    records.append(OnlineRecord(PROGRESS, STREAM, last_ms, pack_progress(last_ms)))
    store = LmdbWriter(folder)
    store.write(records)
    store.close()
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
