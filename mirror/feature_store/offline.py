"""Moves buffered rows to the offline store: partitioned Parquet in S3, in the service's layout."""

from __future__ import annotations

import io
import secrets
import threading
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from mirror.api import Document
from mirror.cloud import Cloud
from mirror.feature_store import store
from mirror.feature_store.groups import Feature, Group
from mirror.feature_store.layout import split_uri
from mirror.feature_store.messages import FeatureValue
from mirror.feature_store.online import OfflineRow

_BATCH_ROWS = 20_000
_IDLE_US = 1_000_000
_MAX_AGE_US = 10_000_000
_TYPES = {"String": pa.string(), "Integral": pa.int64(), "Fractional": pa.float64()}
_PARSERS: dict[str, Any] = {"String": str, "Integral": int, "Fractional": float}
_TIMESTAMP = pa.timestamp("ms", tz="UTC")
_decode_values = msgspec.json.Decoder(list[FeatureValue]).decode


class Offline:
    """The offline stores of all feature groups of a mirror."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._store = store.of(cloud)
        self._blocked: dict[bytes, str] = {}
        # One flush at a time: two of the same group would write its rows twice.
        self._lock = threading.Lock()

    def status(self, uid: bytes) -> Document:
        """``OfflineStoreStatus``: Blocked with the reason when S3 refused the last rows."""
        reason = self._blocked.get(uid)
        return {"Status": "Blocked", "BlockedReason": reason[:1024]} if reason else {"Status": "Active"}

    def due(self, group: Group) -> bool:
        """Rows wait, and either nothing came for a second or the oldest is ten seconds old.

        Waiting for a pause keeps the number of small Parquet files down during a burst.
        """
        _, rows = self._store.buffered(group, 1)
        if not rows:
            return False
        now = store.now_us()
        return now - self._store.last_append_us(group) > _IDLE_US or now - rows[0].invoked_us > _MAX_AGE_US

    def flush(self, group: Group, document: Document) -> int:
        """Write all buffered rows of a group to S3; returns how many. Blocking.

        A row is dropped from the buffer after S3 has it: killed in between, it is written twice. Killed
        before S3's own next snapshot (`mirror.snapshots`), it is in the online store only.
        """
        written = 0
        with self._lock:
            while True:
                keys, rows = self._store.buffered(group, _BATCH_ROWS)
                if not keys:
                    return written
                try:
                    self._write(group, document, rows)
                except Exception as error:
                    self._blocked[group.uid] = f"{type(error).__name__}: {error}"
                    raise
                self._blocked.pop(group.uid, None)
                self._store.forget_buffered(keys)
                written += len(keys)
                if len(keys) < _BATCH_ROWS:  # rows that came meanwhile wait for the next flush
                    return written

    def give_up(self, group: Group) -> int:
        """Drop the buffered rows of a deleted group that S3 refuses; returns how many."""
        dropped = 0
        with self._lock:
            while keys := self._store.buffered(group, _BATCH_ROWS)[0]:
                self._store.forget_buffered(keys)
                dropped += len(keys)
            self._blocked.pop(group.uid, None)
        return dropped

    def _write(self, group: Group, document: Document, rows: list[OfflineRow]) -> None:
        bucket, prefix = split_uri(document["OfflineStoreConfig"]["S3StorageConfig"]["ResolvedOutputS3Uri"])
        client = self._cloud.client("s3", group.region)
        now = datetime.now(UTC)
        hours: dict[datetime, list[OfflineRow]] = defaultdict(list)
        for row in rows:
            event = datetime.fromtimestamp(row.event_us / 1e6, UTC)
            hours[event.replace(minute=0, second=0, microsecond=0)].append(row)
        for hour, part in hours.items():
            key = (
                f"{prefix}/{hour:year=%Y/month=%m/day=%d/hour=%H}/"
                f"{now:%Y%m%dT%H%M%SZ}_{secrets.token_hex(8)}.parquet"
            )
            client.put_object(Bucket=bucket, Key=key, Body=parquet(group, part, now))


def parquet(group: Group, rows: list[OfflineRow], written: datetime) -> bytes:
    """One Parquet file: a column for each feature, then the service's three own columns."""
    values = [{value.feature_name: value for value in _decode_values(row.json)} for row in rows]
    names = [*group.features, "write_time", "api_invocation_time", "is_deleted"]
    arrays = [
        pa.array([_value(feature, row.get(name)) for row in values], _column_type(feature))
        for name, feature in group.features.items()
    ]
    invoked = [datetime.fromtimestamp(row.invoked_us / 1e6, UTC) for row in rows]
    arrays += [
        pa.array([written] * len(rows), _TIMESTAMP),
        pa.array(invoked, _TIMESTAMP, safe=False),
        pa.array([row.deleted for row in rows], pa.bool_()),
    ]
    buffer = io.BytesIO()
    pq.write_table(pa.table(arrays, names=names), buffer, compression="snappy")
    return buffer.getvalue()


def _column_type(feature: Feature) -> Any:
    kind = _TYPES[feature.type]
    return pa.list_(kind) if feature.collection else kind


def _value(feature: Feature, value: FeatureValue | None) -> Any:
    if value is None:
        return None
    parse = _PARSERS[feature.type]
    if value.value_as_string_list is not None:
        return [parse(item) for item in value.value_as_string_list]
    return None if value.value_as_string is None else parse(value.value_as_string)


_open: dict[Path, Offline] = {}


def of(cloud: Cloud) -> Offline:
    """The offline stores of a mirror."""
    if cloud.state_dir not in _open:
        _open[cloud.state_dir] = Offline(cloud)
    return _open[cloud.state_dir]
