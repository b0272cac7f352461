"""Redis and the embedded store as sinks: packed states, and the profiles of the users they are of."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from feature_groups import MERCHANT, USER_ACTIVITY, USER_PROFILE, FeatureGroup
from feature_groups.groups import EVENT_TIME
from feature_groups.names import Names
from processing.events.moments import milliseconds
from processing.online import codec
from processing.online.writing import OnlineRecord, OnlineUnavailableError, OnlineWriter
from processing.stream.look_up import LookUp, read_profile
from processing.stream.store import Store

_log = logging.getLogger(__name__)
_DAY_MS = 86_400_000
_MOST_REMEMBERED = 1_000_000


class StoredProfile(NamedTuple):
    """A user's profile as an online store keeps it."""

    event_ms: int
    payload: bytes


ProfileLookUp = Callable[[Iterable[str]], Mapping[str, StoredProfile | None]]


def stored_profiles(client: Any, names: Names) -> LookUp[StoredProfile]:
    """Reads profiles from the Feature Store, where the customer's systems put them."""
    columns = [USER_PROFILE.record_identifier, EVENT_TIME, "home_lat", "home_lon", "home_country"]
    return LookUp(client, names.feature_group(USER_PROFILE.name), columns, _stored_profile)


def _stored_profile(record: dict[str, str]) -> StoredProfile:
    return StoredProfile(milliseconds(record[EVENT_TIME]), codec.pack_profile(read_profile(record)))


class OnlineSink:
    """Writes the committed states of the stream into an online store.

    Args:
        profiles: looks up profiles; a user's is written before the user's first state.
        keep_old: reckon times to live from when a record is written. A replay of the past would
            otherwise write what has expired already.
    """

    def __init__(
        self,
        name: str,
        store: Store,
        writer: OnlineWriter,
        profiles: ProfileLookUp,
        *,
        threads: int,
        keep_old: bool = False,
    ) -> None:
        self.name, self.threads, self.most = name, threads, 250
        self._store, self._writer, self._profiles, self._keep_old = store, writer, profiles, keep_old
        self._written: dict[str, int] = {}  # event times of profiles, by user

    def publish(self, keys: Sequence[bytes]) -> bool:
        """See `Sink`."""
        users = [key[1:].decode() for key in keys if key[:1] == b"u"]
        merchants = [key[1:].decode() for key in keys if key[:1] == b"m"]
        try:
            profiles = self._changed_profiles(users)
            states = [
                *self._of(codec.USER, USER_ACTIVITY, users),
                *self._of(codec.MERCHANT, MERCHANT, merchants),
            ]
            self._writer.write([*profiles, *states])
        except OnlineUnavailableError as error:
            _log.warning("writing features failed: %s", error)
            return False
        self._remember(profiles)
        return True

    def report(self, processed_to_ms: int) -> None:
        """See `Sink`."""
        now_ms = time.time_ns() // 1_000_000
        payload = codec.pack_progress(processed_to_ms)
        self._writer.write([OnlineRecord(codec.PROGRESS, codec.STREAM, now_ms, payload)])

    def is_empty(self) -> bool:
        """See `Sink`."""
        return self._writer.is_empty()

    def close(self) -> None:
        """See `Sink`."""
        self._writer.close()

    def _of(self, kind: codec.Kind, group: FeatureGroup, entities: Sequence[str]) -> Iterable[OnlineRecord]:
        for entity in entities:
            found = self._store.record(codec.key(kind, entity))
            if found is not None:
                state, event_ms = found
                yield OnlineRecord(kind, entity, event_ms, state, self._expires_ms(group, event_ms))

    def _changed_profiles(self, users: Sequence[str]) -> list[OnlineRecord]:
        changed = []
        for user, found in self._profiles(users).items():
            if found is not None and self._written.get(user) != found.event_ms:
                expires_ms = self._expires_ms(USER_PROFILE, found.event_ms)
                changed.append(OnlineRecord(codec.PROFILE, user, *found, expires_ms))
        return changed

    def _remember(self, profiles: Sequence[OnlineRecord]) -> None:
        if len(self._written) > _MOST_REMEMBERED:
            self._written.clear()
        self._written.update((record.entity, record.event_ms) for record in profiles)

    def _expires_ms(self, group: FeatureGroup, event_ms: int) -> int | None:
        if group.ttl_days is None:
            return None
        since_ms = max(event_ms, time.time_ns() // 1_000_000) if self._keep_old else event_ms
        return since_ms + group.ttl_days * _DAY_MS
