"""Object keys, partitioned by event time in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime

RAW_PREFIX = "raw/transactions/"
LABEL_PREFIX = "labels/"


def raw_key(timestamp_ms: int, shard: str, sequence: str) -> str:
    """Key for transactions of `timestamp_ms`'s hour in a batch that begins at `sequence` of `shard`."""
    moment = _moment(timestamp_ms)
    return f"{RAW_PREFIX}date={moment:%Y-%m-%d}/hour={moment:%H}/{shard}-{sequence}.parquet"


def label_key(known_ms: int, shard: str, sequence: str) -> str:
    """Key for labels that became known on `known_ms`'s day, in a batch named as for `raw_key`."""
    return f"{LABEL_PREFIX}date={_moment(known_ms):%Y-%m-%d}/{shard}-{sequence}.parquet"


def partition_date(name: str) -> date | None:
    """The date of a ``date=YYYY-MM-DD`` folder name; None for any other name."""
    label, _, value = name.partition("=")
    try:
        return date.fromisoformat(value) if label == "date" else None
    except ValueError:
        return None


def _moment(t_ms: int) -> datetime:
    return datetime.fromtimestamp(t_ms / 1000, UTC)
