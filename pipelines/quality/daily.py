"""The lake by day: what the checks of the batch layer look at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

EXAMINED_DAYS = 7
"""The newest complete days are examined ..."""
BASELINE_DAYS = 28
"""... each against the days before the examined ones."""
LEAST_BASELINE_DAYS = 7
COLUMNS = ("currency", "country", "device", "channel", "status", "lat", "lon")
"""Those whose missing and distinct values are counted; ids and amounts have checks of their own."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Batch:
    """Transactions by day, UTC.

    Attributes:
        transactions: of the examined days and of the baseline, in event order.
        days: [day] one row a day with ``rows``, ``amount`` (median, minor units), ``log_mean`` and
            ``log_std`` (of the amounts' decimal logarithms), ``unknown`` (share of rows
            whose user has no profile), ``repeated`` (share of rows that are those of the day before again),
            ``lag_s`` (median from event to arrival), and ``missing_``, ``distinct_`` of each of `COLUMNS`.
        examined: the examined days, oldest first.
        baseline: the days before them that there are.
        has_profiles: whether there are any to be known by.
    """

    transactions: pd.DataFrame
    days: pd.DataFrame
    examined: tuple[datetime, ...]
    baseline: tuple[datetime, ...]
    has_profiles: bool

    @classmethod
    def of(cls, transactions: pd.DataFrame, profiles: pd.DataFrame, as_of: datetime) -> Batch:
        """The days before `as_of`.

        Args:
            transactions: columns of `RAW_TRANSACTIONS`.
            profiles: column ``user_id``.
        """
        midnight = as_of.replace(hour=0, minute=0, second=0, microsecond=0)
        first = midnight - (EXAMINED_DAYS + BASELINE_DAYS) * _DAY
        seen = transactions["timestamp"]
        recent = transactions[(seen >= first - _DAY) & (seen < midnight)].reset_index(drop=True)
        recent["day"] = recent["timestamp"].dt.floor("D")
        recent["is_unknown"] = ~recent["user_id"].isin(set(profiles["user_id"]))
        recent["is_repeated"] = _repeated(recent)
        kept = recent[recent["timestamp"] >= first]
        grouped = kept.groupby("day")
        days = pd.DataFrame({"rows": grouped.size()})
        days["amount"] = grouped["amount_minor"].median()
        decades = np.log10(kept["amount_minor"].clip(lower=1))
        days["log_mean"] = decades.groupby(kept["day"]).mean()
        days["log_std"] = decades.groupby(kept["day"]).std()
        days["unknown"] = grouped["is_unknown"].mean()
        days["repeated"] = grouped["is_repeated"].mean()
        lag = (kept["arrival_time"] - kept["timestamp"]).dt.total_seconds()
        days["lag_s"] = lag.groupby(kept["day"]).median()
        for name in COLUMNS:
            days[f"missing_{name}"] = kept[name].isna().groupby(kept["day"]).mean()
            days[f"distinct_{name}"] = grouped[name].nunique()
        examined = tuple(midnight - ago * _DAY for ago in range(EXAMINED_DAYS, 0, -1))
        present = set(days.index)
        baseline = tuple(
            day
            for ago in range(EXAMINED_DAYS + BASELINE_DAYS, EXAMINED_DAYS, -1)
            if (day := midnight - ago * _DAY) in present
        )
        # The first day of a lake is seldom a whole one.
        return cls(kept, days, examined, baseline[1:], len(profiles) > 0)

    @property
    def is_young(self) -> bool:
        """Whether too few days came before to know what is usual."""
        return len(self.baseline) < LEAST_BASELINE_DAYS

    def usual(self, name: str) -> pd.Series:
        """A column of `days` over the baseline."""
        return self.days[name].reindex(pd.DatetimeIndex(self.baseline))

    def present(self) -> list[datetime]:
        """The examined days that have transactions."""
        return [day for day in self.examined if day in self.days.index]

    def of_day(self, day: datetime) -> pd.DataFrame:
        """The transactions of a day."""
        return self.transactions[self.transactions["day"] == day]


def _repeated(frame: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Whether the same user paid the same amount to the same merchant at the same time the day before."""
    keys = ["user_id", "merchant_id", "amount_minor"]
    now = pd.MultiIndex.from_frame(frame[[*keys, "timestamp"]])
    before = pd.MultiIndex.from_frame(frame[[*keys]].assign(timestamp=frame["timestamp"] + _DAY))
    found: np.ndarray[tuple[int], np.dtype[np.bool_]] = np.asarray(now.isin(before))
    return found
