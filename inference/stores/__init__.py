"""Where the features of a decision are read from."""

from __future__ import annotations

from inference.settings import Settings
from inference.stores.base import FeatureReader, FeaturesUnavailableError, Records
from processing.online.backends import EMBEDDED, REDIS


def open_store(settings: Settings) -> FeatureReader:
    """The store that the settings name. To be called on the event loop that reads from it.

    A store that does not answer yet is logged, and asked again with every decision.
    """
    backends = settings.backends
    first = backends.names[0]
    if first == EMBEDDED and backends.lmdb_path is not None:
        from inference.stores.embedded import EmbeddedReader

        return EmbeddedReader(backends.lmdb_path).warmed()
    if first == REDIS and backends.redis_url is not None:
        from inference.stores.redis import RedisReader

        redis = RedisReader(backends.redis_url, settings.names, settings.read_budget_ms)
        redis.warm()
        return redis
    from inference.stores.feature_store import FeatureStoreReader

    reader = FeatureStoreReader(settings.names, settings.read_budget_ms)
    reader.warm()
    return reader


__all__ = ["FeatureReader", "FeaturesUnavailableError", "Records", "open_store"]
