"""Rows as the lake's files: which rows make which file, and putting them."""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from processing.events import Label, Transaction
from processing.lake import label_key, label_table, parquet, raw_key, transaction_table
from processing.stream.records import LakeRows
from processing.stream.retry import attempts

_log = logging.getLogger(__name__)
_HOUR_MS, _DAY_MS = 3_600_000, 86_400_000


def files_of(group: Sequence[LakeRows]) -> dict[str, bytes]:
    """One Parquet file per partition, by key; named after the first record of the first batch."""
    shard, sequence = group[0].shard, group[0].sequence
    transactions: defaultdict[int, list[tuple[Transaction, int]]] = defaultdict(list)  # by hour
    labels: defaultdict[int, list[Label]] = defaultdict(list)  # by day
    for batch in group:
        for row in batch.transactions:
            transactions[row[0].timestamp_ms // _HOUR_MS].append(row)
        for label in batch.labels:
            labels[label.known_ms // _DAY_MS].append(label)
    files: dict[str, bytes] = {}
    for hour, rows in transactions.items():
        files[raw_key(hour * _HOUR_MS, shard, sequence)] = parquet(transaction_table(rows))
    for day, known in labels.items():
        files[label_key(day * _DAY_MS, shard, sequence)] = parquet(label_table(known))
    return files


class LakeFiles:
    """Puts files until they are there.

    Args:
        client: an S3 client.
        bucket: the lake.
        abort: set when nobody can wait any longer.
    """

    def __init__(self, client: Any, bucket: str, abort: threading.Event) -> None:
        self._client, self._bucket, self._abort = client, bucket, abort
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="lake")

    def write(self, group: Sequence[LakeRows]) -> bool:
        """Write the files of a group of batches; returns False if `abort` came before all were there."""
        return self._put(files_of(group).items())

    def close(self) -> None:
        """End the threads; files that wait are left out."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _put(self, files: Iterable[tuple[str, bytes]]) -> bool:
        return all(self._pool.map(lambda file: self._put_one(*file), files))

    def _put_one(self, key: str, body: bytes) -> bool:
        for _ in attempts(self._abort):
            try:
                self._client.put_object(Bucket=self._bucket, Key=key, Body=body)
            except Exception as error:
                _log.warning("writing %s failed: %s", key, error)
                continue
            return True
        return False
