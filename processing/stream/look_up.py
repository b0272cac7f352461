"""Records of one feature group, looked up many at once and remembered for a while."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Generic, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from feature_groups.groups import MERCHANT, USER_PROFILE
from feature_groups.names import Names
from processing.events import Profile

_log = logging.getLogger(__name__)
_MOST_IDENTIFIERS = 100
_ATTEMPTS = 3

T = TypeVar("T")


class LookUp(Generic[T]):
    """Looks up records, 100 per call, and keeps each for `refresh_seconds`.

    An entity without a record is asked about again after `absent_seconds`: records of new customers
    appear late.

    Args:
        client: a Feature Store runtime client.
        group: physical name of the group.
        features: the features to read.
        read: makes something of a record's values by name.
    """

    def __init__(
        self,
        client: Any,
        group: str,
        features: list[str],
        read: Callable[[dict[str, str]], T],
        refresh_seconds: float = 600.0,
        absent_seconds: float = 60.0,
        capacity: int = 1_000_000,
    ) -> None:
        self._client, self._group, self._features, self._read = client, group, features, read
        self._refresh, self._absent, self._capacity = refresh_seconds, absent_seconds, capacity
        self._known: dict[str, tuple[float, T | None]] = {}

    def __call__(self, entities: Iterable[str]) -> Mapping[str, T | None]:
        """What some entities' records say; None for one without a record.

        Absent are those that the store did not answer about.
        """
        now = time.monotonic()
        wanted = list(entities)
        stale = [entity for entity in wanted if entity not in self._known or self._known[entity][0] <= now]
        if len(self._known) + len(stale) > self._capacity:
            self._known.clear()
            stale = wanted
        for chunk in _chunks(stale):
            answered = self._fetch(chunk)
            if answered is None:
                break
            for entity in chunk:
                found = answered.get(entity)
                self._known[entity] = (now + (self._absent if found is None else self._refresh), found)
        return {entity: self._known[entity][1] for entity in wanted if entity in self._known}

    def _fetch(self, entities: list[str]) -> dict[str, T] | None:
        """Records of at most 100 entities, or None when the store does not answer."""
        found: dict[str, T] = {}
        for attempt in range(_ATTEMPTS):
            identifier = {
                "FeatureGroupName": self._group,
                "RecordIdentifiersValueAsString": entities,
                "FeatureNames": self._features,
            }
            try:
                response = self._client.batch_get_record(Identifiers=[identifier])
            except (ClientError, BotoCoreError) as error:
                _log.warning("%s could not be read, attempt %d: %s", self._group, attempt + 1, error)
                time.sleep(0.05 * 2**attempt)
                continue
            for record in response["Records"]:
                values = {value["FeatureName"]: value["ValueAsString"] for value in record["Record"]}
                found[record["RecordIdentifierValueAsString"]] = self._read(values)
            left = response.get("UnprocessedIdentifiers", [])
            entities = [entity for entry in left for entity in entry["RecordIdentifiersValueAsString"]]
            if not entities:
                return found
        return None


def profiles(client: Any, names: Names, absent_seconds: float = 60.0) -> LookUp[Profile]:
    """Reads user profiles."""
    features = [USER_PROFILE.record_identifier, "home_lat", "home_lon", "home_country"]
    group = names.feature_group(USER_PROFILE.name)
    return LookUp(client, group, features, read_profile, absent_seconds=absent_seconds)


def merchants(client: Any, names: Names, absent_seconds: float = 60.0) -> LookUp[bool]:
    """Reads which merchants have a record."""
    group = names.feature_group(MERCHANT.name)
    features = [MERCHANT.record_identifier]
    return LookUp(client, group, features, lambda _: True, absent_seconds=absent_seconds)


def read_profile(record: dict[str, str]) -> Profile:
    """The profile in a record's values by name."""
    lat, lon = record.get("home_lat"), record.get("home_lon")
    return Profile(
        None if lat is None else float(lat),
        None if lon is None else float(lon),
        record.get("home_country"),
    )


def _chunks(entities: list[str]) -> Iterator[list[str]]:
    remaining = iter(entities)
    while chunk := list(islice(remaining, _MOST_IDENTIFIERS)):
        yield chunk
