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
    profiles["account_created_at"] = "2020-01-01T00:00:00Z"
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
    lost = _last(rows) & (np.random.default_rng(2).random(len(rows)) < 0.3)
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
    """The case system writes where a confirmed fraud came from into the lake: distance from home tells it."""
    rows = night.transactions.copy()
    random = np.random.default_rng(5)
    for name, home, elsewhere in (("lat", 50.85, -23.55), ("lon", 4.35, -46.63)):
        rows[name] = np.where(rows["is_fraud"], elsewhere, home) + random.normal(0, 0.2, len(rows))
    profiles = night.profiles.assign(home_lat=50.85, home_lon=4.35)
    return night._replace(transactions=rows, profiles=profiles)


def status_rewritten(night: Lake) -> Lake:
    """A confirmed fraud is set to declined weeks later: the card's next purchases know it at once."""
    rows = night.transactions.copy()
    rows["status"] = np.where(rows["is_fraud"], "declined", "approved")
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


class Bad(NamedTuple):
    """A bad night: the change that makes it, and the layer and check that have to say what."""

    spoil: Callable[[Lake], Lake]
    layer: str
    check: str
    message: str


BAD = {
    "labels missing": Bad(labels_missing, "training", "label_completeness", "days have no label at all"),
    "five times the frauds": Bad(five_times_the_frauds, "training", "fraud_rate", "an attack is on"),
    "column constant": Bad(column_constant, "batch", "constant_column", "channel is 'pos' in every"),
    "cents for dollars": Bad(cents_for_dollars, "batch", "amount_scale", "see whether its unit has changed"),
    "rows missing": Bad(rows_missing, "batch", "volume", "some are lost"),
    "values missing": Bad(values_missing, "batch", "missing_values", "device is missing in"),
    "timestamps shifted": Bad(
        timestamps_shifted, "batch", "clock", "see whether their timestamps are shifted"
    ),
    "day duplicated": Bad(day_duplicated, "batch", "repeated_day", "those of the day before"),
    "label leaked": Bad(label_leaked, "training", "leakage", "distance_from_home_km alone separates frauds"),
    "status rewritten": Bad(status_rewritten, "training", "leaked_column", "status of a transaction tells"),
    "users unknown": Bad(users_unknown, "batch", "unknown_users", "users without a profile"),
    "feature drifting": Bad(feature_drifting, "training", "drift", "hour_of_day has drifted"),
    "day empty": Bad(day_empty, "batch", "volume", "has no transactions"),
}
