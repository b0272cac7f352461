"""What can go wrong with a night's data, each as a change of a sound lake."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd

from tests.pipelines import lake

LAST_DAY = pd.Timestamp(lake.AS_OF.replace(hour=0)) - timedelta(days=1)
"""The newest complete day: yesterday's data, which the night of `lake.AS_OF` looks at."""
_DAY = pd.Timedelta(days=1)


class Lake(NamedTuple):
    """Transactions (with ``is_fraud``), labels, and profiles."""

    transactions: pd.DataFrame
    labels: pd.DataFrame
    profiles: pd.DataFrame


def sound(seed: int = 3) -> Lake:
    """Forty-five days on which nothing is wrong."""
    rows = lake.transactions(seed)
    random = np.random.default_rng(seed + 1)
    rows["device"] = random.choice(["phone", "tablet", "browser"], len(rows))
    rows["channel"] = random.choice(["pos", "online"], len(rows))
    profiles = pd.DataFrame({"user_id": sorted(rows["user_id"].unique())})
    profiles["event_time"] = pd.Timestamp(lake.AS_OF) - 60 * _DAY
    profiles["home_country"] = "BE"
    return Lake(rows, lake.labels(rows), profiles)


def _last(rows: pd.DataFrame) -> pd.Series:
    return (rows["timestamp"] >= LAST_DAY) & (rows["timestamp"] < LAST_DAY + _DAY)


def _newest_labelled(rows: pd.DataFrame, days: int) -> pd.Series:
    """The last days of the test window: labels need a week."""
    end = pd.Timestamp(lake.AS_OF) - 7 * _DAY
    return (rows["timestamp"] >= end - days * _DAY) & (rows["timestamp"] < end)


def labels_missing(night: Lake) -> Lake:
    lost = night.transactions.loc[_newest_labelled(night.transactions, 5), "transaction_id"]
    return night._replace(labels=night.labels[~night.labels["transaction_id"].isin(lost)])


def five_times_the_frauds(night: Lake) -> Lake:
    rows = night.transactions
    newest = _newest_labelled(rows, 7)
    more = newest & (np.random.default_rng(1).random(len(rows)) < 0.08)
    frauds = set(rows.loc[more, "transaction_id"])
    known = night.labels.copy()
    known["is_fraud"] |= known["transaction_id"].isin(frauds)
    return night._replace(labels=known)


def column_constant(night: Lake) -> Lake:
    rows = night.transactions.copy()
    rows.loc[_last(rows), "channel"] = "pos"
    return night._replace(transactions=rows)


def cents_for_dollars(night: Lake) -> Lake:
    rows = night.transactions.copy()
    rows.loc[_last(rows), "amount_minor"] *= 100
    return night._replace(transactions=rows)


def rows_missing(night: Lake) -> Lake:
    rows = night.transactions
    lost = _last(rows) & (np.random.default_rng(2).random(len(rows)) < 0.4)
    return night._replace(transactions=rows[~lost])


def values_missing(night: Lake) -> Lake:
    rows = night.transactions.copy()
    rows.loc[_last(rows) & (np.random.default_rng(3).random(len(rows)) < 0.3), "device"] = None
    return night._replace(transactions=rows)


def timestamps_shifted(night: Lake) -> Lake:
    rows = night.transactions.copy()
    rows.loc[_last(rows), "timestamp"] -= _DAY
    return night._replace(transactions=rows)


def day_duplicated(night: Lake) -> Lake:
    rows = night.transactions
    before = rows[_last(rows.assign(timestamp=rows["timestamp"] + _DAY))].copy()
    before["transaction_id"] = "again-" + before["transaction_id"]
    for name in ("timestamp", "arrival_time"):
        before[name] += _DAY
    rest = rows[~_last(rows)]
    return night._replace(transactions=pd.concat([rest, before]).sort_values("timestamp"))


def label_leaked(night: Lake) -> Lake:
    """The amount tells it: somebody joined the outcome into the source."""
    rows = night.transactions.copy()
    rows["amount_minor"] = np.where(rows["is_fraud"], 900_000, 100) + rows["amount_minor"] % 97
    return night._replace(transactions=rows)


def users_unknown(night: Lake) -> Lake:
    rows = night.transactions.copy()
    rows.loc[_last(rows), "user_id"] = "new-" + rows.loc[_last(rows), "user_id"]
    return night._replace(transactions=rows)


def feature_drifting(night: Lake) -> Lake:
    """All purchases of the test window at three in the morning: a source lost the time of day."""
    rows = night.transactions.copy()
    end = pd.Timestamp(lake.AS_OF) - 7 * _DAY
    window = (rows["timestamp"] >= end - 7 * _DAY) & (rows["timestamp"] < end)
    rows.loc[window, "timestamp"] = rows.loc[window, "timestamp"].dt.floor("D") + pd.Timedelta(hours=3)
    rows.loc[window, "arrival_time"] = rows.loc[window, "timestamp"] + pd.Timedelta(seconds=2)
    return night._replace(transactions=rows.sort_values("timestamp"))


def day_empty(night: Lake) -> Lake:
    return night._replace(transactions=night.transactions[~_last(night.transactions)])


BAD: dict[str, tuple[Callable[[Lake], Lake], str, str]] = {
    "labels missing": (labels_missing, "label_completeness", "days have no label at all"),
    "five times the frauds": (five_times_the_frauds, "fraud_rate", "an attack is on"),
    "column constant": (column_constant, "constant_column", "channel is 'pos' in every transaction"),
    "cents for dollars": (cents_for_dollars, "amount_scale", "see whether its unit has changed"),
    "rows missing": (rows_missing, "volume", "some are lost"),
    "values missing": (values_missing, "missing_values", "device is missing in"),
    "timestamps shifted": (timestamps_shifted, "clock", "see whether their timestamps are shifted"),
    "day duplicated": (day_duplicated, "repeated_day", "those of the day before"),
    "label leaked": (label_leaked, "leakage", "amount alone separates frauds from the rest"),
    "users unknown": (users_unknown, "unknown_users", "users without a profile"),
    "feature drifting": (feature_drifting, "drift", "hour_of_day has drifted"),
    "day empty": (day_empty, "volume", "has no transactions"),
}
"""By name: the change, the check that has to find it, and what it has to say."""
