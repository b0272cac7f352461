"""User profiles as they were at a time."""

from __future__ import annotations

from bisect import bisect_right

import pandas as pd

from processing.batch.frames import milliseconds, optional
from processing.events import Profile

_ALWAYS = -(1 << 62)


class ProfileVersions:
    """Every known version of every profile.

    Args:
        profiles: ``user_id``, and any of ``home_lat``, ``home_lon``, ``home_country``,
            ``event_time``; without ``event_time`` a profile holds at all times. None for no profiles.

    Raises:
        ValueError: there is no ``user_id`` column.
    """

    def __init__(self, profiles: pd.DataFrame | None) -> None:
        self._times: dict[str, list[int]] = {}
        self._profiles: dict[str, list[Profile]] = {}
        if profiles is None or profiles.empty:
            return
        if "user_id" not in profiles:
            raise ValueError(
                f"profiles: column user_id is absent; columns are {', '.join(map(str, profiles))}"
            )
        versions = profiles
        since = [_ALWAYS] * len(profiles)
        if "event_time" in profiles:
            versions = profiles.sort_values("event_time", kind="stable")
            since = milliseconds(versions["event_time"])
        columns = (optional(versions, name) for name in ("home_lat", "home_lon", "home_country"))
        for user_id, start, *home in zip(versions["user_id"].tolist(), since, *columns, strict=True):
            self._times.setdefault(user_id, []).append(start)
            self._profiles.setdefault(user_id, []).append(Profile(*home))

    def at(self, user_id: str, t_ms: int) -> Profile | None:
        """The newest version of at most `t_ms`; None when there was none yet."""
        times = self._times.get(user_id)
        if times is None:
            return None
        newest = bisect_right(times, t_ms)
        return self._profiles[user_id][newest - 1] if newest else None
