"""Where scored transactions go: JSON Lines or Parquet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol, Self

import pyarrow as pa
import pyarrow.parquet as pq

from inference.predictions import Prediction, encode

_SCHEMA = pa.schema(
    [
        ("transaction_id", pa.string()),
        ("timestamp", pa.timestamp("ms", "UTC")),
        ("amount", pa.float64()),
        ("currency", pa.string()),
        ("decision", pa.string()),
        ("score", pa.float64()),
        ("decided_by", pa.string()),
        ("model_version", pa.string()),
        ("rules_version", pa.string()),
        ("rules_live", pa.list_(pa.string())),
        ("rules_shadow", pa.list_(pa.string())),
        ("reasons", pa.list_(pa.string())),
    ]
)


class Writer(Protocol):
    """Takes decisions in order."""

    def write(self, records: Sequence[Prediction]) -> None: ...


class JsonLines:
    """One JSON object a line, as on the stream of decisions."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, records: Sequence[Prediction]) -> None:
        self._stream.write(b"".join(encode(record) + b"\n" for record in records))


class Parquet:
    """A Parquet file without the features, which `fraudline features` writes."""

    def __init__(self, path: Path) -> None:
        self._writer = pq.ParquetWriter(path, _SCHEMA)
        self._waiting: list[Prediction] = []

    def write(self, records: Sequence[Prediction]) -> None:
        self._waiting += records
        if len(self._waiting) >= 1 << 16:
            self._flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        columns = {
            "transaction_id": [record.transaction_id for record in waiting],
            "timestamp": [datetime.fromisoformat(record.timestamp) for record in waiting],
            "amount": [record.amount for record in waiting],
            "currency": [record.currency for record in waiting],
            "decision": [record.decision for record in waiting],
            "score": [record.fraud_probability for record in waiting],
            "decided_by": [record.decided_by for record in waiting],
            "model_version": [record.model_version for record in waiting],
            "rules_version": [record.rules_version for record in waiting],
            "rules_live": [list(record.rules_live) for record in waiting],
            "rules_shadow": [list(record.rules_shadow) for record in waiting],
            "reasons": [[reason.text for reason in record.reasons] for record in waiting],
        }
        self._writer.write_table(pa.table(columns, schema=_SCHEMA))
