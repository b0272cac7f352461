"""The sinks that the settings name."""

from __future__ import annotations

import threading

from processing.online.backends import EMBEDDED, FEATURE_STORE, REDIS
from processing.online.embedded import LmdbWriter
from processing.stream.clients import Clients
from processing.stream.feature_records import FeatureRecords
from processing.stream.feature_store_sink import FeatureStoreSink
from processing.stream.feature_writer import FeatureWriter
from processing.stream.online_sink import OnlineSink, stored_profiles
from processing.stream.settings import StreamSettings
from processing.stream.sinks import Sink
from processing.stream.store import Store


def sinks_of(settings: StreamSettings, clients: Clients, store: Store, abort: threading.Event) -> list[Sink]:
    """Every sink, each with a profile look-up of its own.

    Raises:
        OnlineUnavailableError: a store on this machine cannot be opened.
    """
    found: list[Sink] = []
    names, chosen = settings.names, settings.backends
    if FEATURE_STORE in chosen.names:
        records, writer = FeatureRecords(names, store), FeatureWriter(clients.features, abort)
        found.append(FeatureStoreSink(clients.features, names, records, writer))
    if chosen.lmdb_path is not None:
        profiles = stored_profiles(clients.features, names)
        embedded = LmdbWriter(chosen.lmdb_path)
        found.append(OnlineSink(EMBEDDED, store, embedded, profiles, threads=1, keep_old=settings.replay))
    if chosen.redis_url is not None:
        from processing.online.redis import RedisWriter  # its import takes a second

        profiles = stored_profiles(clients.features, names)
        remote = RedisWriter(chosen.redis_url, names)
        found.append(OnlineSink(REDIS, store, remote, profiles, threads=2, keep_old=settings.replay))
    return found
