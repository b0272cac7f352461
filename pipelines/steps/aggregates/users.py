"""What is usual for a user."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd

from feature_groups.aggregates import NIGHT_HOURS, USER_AGGREGATES
from pipelines.steps.aggregates.windows import over_windows, with_amounts
from processing.lake.history import profiles_now

_HOME = ["home_country", "home_lat", "home_lon"]


def user_baselines(transactions: pd.DataFrame, profiles: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    """A row for each user with a transaction in the longest window: ``user_id`` and `USER_AGGREGATES`.

    Percentiles interpolate linearly between neighbours (Hyndman and Fan 1996, type 7).

    Args:
        transactions: columns of `processing.lake.RAW_TRANSACTIONS`, one row per id.
        profiles: versions with ``user_id``, ``event_time``, the home and ``is_deleted``; the newest known one
            counts, and a deleted user has no home.

    Raises:
        StepError: a currency is unknown.
    """
    rows = with_amounts(transactions, as_of)
    homes = _homes(profiles, as_of)
    country, home = rows["country"], rows["user_id"].map(homes["home_country"])
    known = country.notna() & home.notna()
    hours = rows["timestamp"].dt.hour
    rows = rows.assign(
        day=rows["timestamp"].dt.floor("D"),
        night=((hours >= NIGHT_HOURS[0]) & (hours < NIGHT_HOURS[1])).astype("float64"),
        abroad=np.where(known, (country != home).astype("float64"), np.nan),
        merchant=pd.factorize(rows["merchant_id"])[0],
        place=rows["country"].astype("category").cat.codes.astype("float64").replace(-1.0, np.nan),
    )
    found = over_windows(rows, as_of, "user_id", _aggregate)
    found = found.join(homes).join(_usual_country(rows))
    return found.reset_index()[["user_id", *(column.name for column in USER_AGGREGATES)]]


def _aggregate(rows: pd.DataFrame) -> pd.DataFrame:
    users = rows.groupby("user_id")
    count = users.size()
    amounts = rows.assign(amount=rows["hundredths"] / 100.0).groupby("user_id")["amount"]
    return pd.DataFrame(
        {
            "transaction_count": count,
            "active_days": users["day"].nunique(),
            # The sum of whole hundredths is exact, whatever the order.
            "amount_mean": users["hundredths"].sum() / count / 100.0,
            "amount_median": amounts.median(),
            "amount_std": amounts.std(ddof=1),
            "amount_p95": amounts.quantile(0.95),
            "night_share": users["night"].mean(),
            "distinct_merchants": users["merchant"].nunique(),
            "distinct_countries": users["place"].nunique(),
            "abroad_share": users["abroad"].mean(),
        }
    )


def _homes(profiles: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    return profiles_now(profiles, as_of).set_index("user_id")[_HOME]


def _usual_country(rows: pd.DataFrame) -> pd.Series:
    counts = rows.dropna(subset=["country"]).groupby(["user_id", "country"]).size().reset_index(name="count")
    ordered = counts.sort_values(["count", "country"], ascending=[False, True], kind="stable")
    return ordered.drop_duplicates("user_id").set_index("user_id")["country"].rename("usual_country")
