"""User profiles from the Feature Store, remembered for a while."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from processing.events import Profile

_log = logging.getLogger(__name__)
_MOST_IDENTIFIERS = 100
_FEATURES = ["user_id", "home_lat", "home_lon", "home_country"]
_ATTEMPTS = 3


class Profiles:
    """Looks up profiles, 100 per call, and keeps each for `refresh_seconds`.

    A user without a profile is asked about again after `absent_seconds`: profiles of new customers
    appear late. When the store does not answer, the features that need a profile are missing.

    Args:
        client: a Feature Store runtime client.
        group: physical name of the profile group.
    """

    def __init__(
        self,
        client: Any,
        group: str,
        refresh_seconds: float = 600.0,
        absent_seconds: float = 60.0,
        capacity: int = 1_000_000,
    ) -> None:
        self._client, self._group = client, group
        self._refresh, self._absent, self._capacity = refresh_seconds, absent_seconds, capacity
        self._known: dict[str, tuple[float, Profile | None]] = {}

    def __call__(self, user_ids: Iterable[str]) -> Mapping[str, Profile | None]:
        """The profiles of some users; None for a user without one."""
        now = time.monotonic()
        wanted = list(user_ids)
        stale = [user for user in wanted if user not in self._known or self._known[user][0] <= now]
        if len(self._known) + len(stale) > self._capacity:
            self._known.clear()
            stale = wanted
        found: dict[str, Profile | None] = {}
        for chunk in _chunks(stale):
            answered = self._fetch(chunk)
            if answered is None:
                break
            for user in chunk:
                profile = answered.get(user)
                self._known[user] = (now + (self._absent if profile is None else self._refresh), profile)
        for user in wanted:
            found[user] = self._known[user][1] if user in self._known else None
        return found

    def _fetch(self, users: list[str]) -> dict[str, Profile] | None:
        """Profiles of at most 100 users, or None when the store does not answer."""
        profiles: dict[str, Profile] = {}
        for attempt in range(_ATTEMPTS):
            identifier = {
                "FeatureGroupName": self._group,
                "RecordIdentifiersValueAsString": users,
                "FeatureNames": _FEATURES,
            }
            try:
                response = self._client.batch_get_record(Identifiers=[identifier])
            except (ClientError, BotoCoreError) as error:
                _log.warning("profiles could not be read, attempt %d: %s", attempt + 1, error)
                time.sleep(0.05 * 2**attempt)
                continue
            for record in response["Records"]:
                profiles[record["RecordIdentifierValueAsString"]] = _profile(record["Record"])
            left = response.get("UnprocessedIdentifiers", [])
            users = [user for entry in left for user in entry["RecordIdentifiersValueAsString"]]
            if not users:
                return profiles
        return None


def _profile(values: list[dict[str, str]]) -> Profile:
    record = {value["FeatureName"]: value["ValueAsString"] for value in values}
    lat, lon = record.get("home_lat"), record.get("home_lon")
    return Profile(
        None if lat is None else float(lat),
        None if lon is None else float(lon),
        record.get("home_country"),
    )


def _chunks(users: list[str]) -> Iterator[list[str]]:
    remaining = iter(users)
    while chunk := list(islice(remaining, _MOST_IDENTIFIERS)):
        yield chunk
