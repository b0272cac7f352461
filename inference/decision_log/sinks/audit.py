"""The audit in the lake: Parquet files, added and never changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import groupby

from inference.decision_log.pieces import Piece
from inference.decision_log.sinks.audit_table import audit_table
from inference.decision_log.sinks.sink import UnacceptableError
from inference.decision_log.sinks.stores import Store, store
from inference.predictions import Prediction
from processing.lake.audit import REPEATED, audit_key
from processing.lake.tables import parquet


class AuditSink:
    """One file for each run of records and day.

    What is delivered again after a crash begins at the same place of the same segment, so it has the same
    key; and it has at least the records that it had, because a spool only grows.

    Args:
        flush_s: how long the oldest record may wait for its file.
    """

    name = "audit"
    batch_bytes = 16 * 1024 * 1024

    def __init__(self, store: Store, flush_s: float) -> None:
        self._store, self.linger_s = store, flush_s

    @classmethod
    def create(cls, uri: str, flush_s: float, retention_days: int = 0) -> AuditSink:
        """The sink for ``s3://bucket/prefix`` or a folder, with the process's AWS settings."""
        return cls(store(uri, retention_days), flush_s)

    def deliver(self, pieces: Sequence[Piece]) -> None:
        """Write the files of all records; see `Sink.deliver`."""
        for piece in pieces:
            for day, records in _days(piece.records):
                try:
                    body = parquet(audit_table(records, piece.features), REPEATED)
                except ValueError as error:  # Arrow's errors are ValueErrors too
                    raise UnacceptableError(str(error)) from error
                self._store.put(audit_key(day, piece.segment, piece.start), body)

    def close(self) -> None:
        """Nothing to let go of."""


def _days(records: Sequence[Prediction]) -> Iterator[tuple[date, list[Prediction]]]:
    def day(record: Prediction) -> str:
        return record.decided_at[:10]

    # Sorted: a clock that steps back at midnight must not make two runs of the same day and key.
    for text, group in groupby(sorted(records, key=day), key=day):
        try:
            found = date.fromisoformat(text)
        except ValueError as error:
            raise UnacceptableError(f"decided_at: {error}") from error
        yield found, list(group)
