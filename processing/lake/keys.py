"""Object keys: which prefixes the lake has, and where events go, partitioned by event time in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from feature_groups.names import Names

RAW_PREFIX = "raw/transactions/"
LABEL_PREFIX = "labels/"
OFFLINE_PREFIX = "processed/features/"
AGGREGATES_PREFIX = "processed/aggregates/"
BATCH_SCORES_PREFIX = "processed/batch_scores/"
TRAINING_SETS_PREFIX = "processed/training_sets/"
MODELS_PREFIX = "models/"
SERVED_PREFIX = "models/served/"
"""Archives that an endpoint with several models fetches from: copies, which no package names."""
ANALYTICS_PREFIX = "analytics/"
AUDIT_ROOT = "audit/"
PREFIXES = (
    RAW_PREFIX,
    LABEL_PREFIX,
    OFFLINE_PREFIX,
    AGGREGATES_PREFIX,
    BATCH_SCORES_PREFIX,
    TRAINING_SETS_PREFIX,
    MODELS_PREFIX,
    ANALYTICS_PREFIX,
    AUDIT_ROOT,
)
MARKER = ".keep"
"""Ends the key of an empty object that makes a prefix exist; readers look at ``.parquet`` files only."""


def profiles_prefix(names: Names, account: str, region: str) -> str:
    """What the keys of the offline user profiles begin with.

    The Feature Store appends the group's creation time to its name and then a slash.
    """
    offline_store = f"{OFFLINE_PREFIX}{account}/sagemaker/{region}/offline-store/"
    return offline_store + names.feature_group("user-profile") + "-"


def marker_keys(names: Names, account: str, region: str) -> list[str]:
    """One key for every prefix of the lake, also for those that are read before anything is there."""
    return [prefix + MARKER for prefix in (*PREFIXES, profiles_prefix(names, account, region))]


def raw_key(timestamp_ms: int, shard: str, sequence: str) -> str:
    """Key for transactions of `timestamp_ms`'s hour in a batch that begins at `sequence` of `shard`."""
    moment = _moment(timestamp_ms)
    return f"{RAW_PREFIX}date={moment:%Y-%m-%d}/hour={moment:%H}/{shard}-{sequence}.parquet"


def label_key(known_ms: int, shard: str, sequence: str) -> str:
    """Key for labels that became known on `known_ms`'s day, in a batch named as for `raw_key`."""
    return f"{LABEL_PREFIX}date={_moment(known_ms):%Y-%m-%d}/{shard}-{sequence}.parquet"


def day_prefixes(prefix: str, first: date, last: date) -> list[str]:
    """Partitions below `prefix` of the days from `first` to `last`, both included."""
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return [f"{prefix}date={day:%Y-%m-%d}/" for day in days]


def _moment(t_ms: int) -> datetime:
    return datetime.fromtimestamp(t_ms / 1000, UTC)
