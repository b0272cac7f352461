"""Collects committed rows and writes them to the lake as one Parquet file per partition."""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

from processing.events import Label, Transaction
from processing.lake import label_key, label_table, parquet, raw_key, transaction_table
from processing.stream.records import LakeRows
from processing.stream.retry import attempts

_log = logging.getLogger(__name__)
_decoder = msgspec.msgpack.Decoder(LakeRows)
_IDLE_SECONDS = 1.0
_HOUR_MS, _DAY_MS = 3_600_000, 86_400_000


class LakeWriter:
    """Decides when enough rows wait, and writes them.

    A group of batches is named after the first record of its first batch. After a crash the same
    batches, and perhaps more, are written under the same names: files are replaced, never doubled.

    Args:
        client: an S3 client.
        bucket: the lake.
        rows, seconds: write when so many rows wait or the oldest has waited so long.
        drain: set when the consumer stops; what waits is then written.
        abort: set when the consumer cannot wait any longer.
    """

    def __init__(
        self,
        client: Any,
        bucket: str,
        rows: int,
        seconds: float,
        drain: threading.Event,
        abort: threading.Event,
    ) -> None:
        self._client, self._bucket = client, bucket
        self._rows, self._seconds = rows, seconds
        self._drain, self._abort = drain, abort
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="lake")
        self._waiting: list[LakeRows] = []
        self.caught_up = False  # nothing more to come for now: what rested for a second is written
        self._first_at = self._last_at = 0.0

    def deliver(self, payloads: list[bytes]) -> int:
        """Write the oldest group if it is complete; returns how many batches it had.

        Between calls `payloads` grows at its end, and loses at its start what was written.
        """
        now = time.monotonic()
        if not self._waiting:
            self._first_at = now
        for payload in payloads[len(self._waiting) :]:
            self._waiting.append(_decoder.decode(payload))
            self._last_at = now
        group = self._group()
        full = len(group) < len(self._waiting)
        waited, rested = now - self._first_at, now - self._last_at
        idle = self.caught_up and rested >= _IDLE_SECONDS
        if not (full or idle or waited >= self._seconds or self._drain.is_set()):
            return 0
        if not self._write(group):
            return 0
        del self._waiting[: len(group)]
        self._first_at = now
        return len(group)

    def _group(self) -> list[LakeRows]:
        """The batches of the next files: as many as come before the limit of rows is passed."""
        rows = 0
        for position, batch in enumerate(self._waiting):
            rows += len(batch.transactions) + len(batch.labels)
            if rows > self._rows and position:
                return self._waiting[:position]
        return self._waiting[:]

    def _write(self, group: list[LakeRows]) -> bool:
        shard, sequence = group[0].shard, group[0].sequence
        files: dict[str, bytes] = {}
        transactions: defaultdict[int, list[tuple[Transaction, int]]] = defaultdict(list)  # by hour
        labels: defaultdict[int, list[Label]] = defaultdict(list)  # by day
        for batch in group:
            for row in batch.transactions:
                transactions[row[0].timestamp_ms // _HOUR_MS].append(row)
            for label in batch.labels:
                labels[label.known_ms // _DAY_MS].append(label)
        for hour, rows in transactions.items():
            files[raw_key(hour * _HOUR_MS, shard, sequence)] = parquet(transaction_table(rows))
        for day, known in labels.items():
            files[label_key(day * _DAY_MS, shard, sequence)] = parquet(label_table(known))
        return self._put(files.items())

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
