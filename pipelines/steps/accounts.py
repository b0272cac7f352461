"""When users opened their accounts, for segments of the evaluation."""

from __future__ import annotations

import pandas as pd


def account_created_at(user_ids: pd.Series, profiles: pd.DataFrame) -> pd.Series:
    """UTC times by the newest version of each user's profile, indexed like `user_ids`; missing where unknown.

    A text that is no time counts as unknown: nothing is learnt or decided from it.

    Args:
        profiles: versions in event order, with ``user_id`` and ``account_created_at`` (ISO-8601).
    """
    newest = profiles.drop_duplicates("user_id", keep="last").set_index("user_id")["account_created_at"]
    return opened(newest).reindex(user_ids).set_axis(user_ids.index)


def opened(texts: pd.Series) -> pd.Series:
    """``account_created_at`` (ISO-8601) as UTC times in milliseconds; missing where a text is no time."""
    moments = pd.to_datetime(texts, format="ISO8601", utc=True, errors="coerce")
    return moments.astype("datetime64[ms, UTC]")
