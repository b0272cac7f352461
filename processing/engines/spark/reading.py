"""Reading the source: which row groups of which files there are, and the rows of some of them.

Every engine reads with pyarrow, so that a column means the same to all of them: Spark's own reader has
other types (no nanoseconds, no unsigned numbers) and the session's time zone. Paths may be local or
``s3://``; the credentials are those of the process.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.fs as pafs
import pyarrow.parquet as pq
from numpy.typing import NDArray

from processing.engines import encode
from processing.engines.columns import EventColumns
from processing.engines.homes import Homes
from processing.engines.source import in_event_order, mapped
from processing.engines.spark.rows import EVENT, REPORT, rows
from processing.sources.column_map import ColumnMap, ColumnMapError

# Where a row is in the log: the number of its file, and of the row in it.
_ROWS_PER_FILE = 1 << 40
BATCH_ROWS = 1 << 16
LABEL_COLUMNS = ["transaction_id", "is_fraud", "investigation_complete_time"]

# path, number of the file, number of the row group, number of its first row
Group = tuple[str, int, int, int]
GROUP = "path string, file bigint, row_group bigint, first bigint"


def row_groups(uri: str, wanted: Collection[str]) -> list[Group]:
    """The row groups of a Parquet file, or of all Parquet files of a folder by their paths.

    Raises:
        ColumnMapError: a file lacks one of the columns `wanted`.
        FileNotFoundError: there is no Parquet file.
    """
    system, path = file_system(uri)
    found = []
    for number, file in enumerate(_files(system, path, uri)):
        first = 0
        with system.open_input_file(file) as opened:
            parquet = pq.ParquetFile(opened)
            metadata, present = parquet.metadata, parquet.schema_arrow.names
        if missing := [name for name in wanted if name not in present]:
            raise ColumnMapError(f"{file} has no column {missing[0]!r}: it has {', '.join(present)}")
        for group in range(metadata.num_row_groups):
            found.append((_uri(uri, file), number, group, number * _ROWS_PER_FILE + first))
            first += metadata.row_group(group).num_rows
    return found


def file_system(uri: str) -> tuple[pafs.FileSystem, str]:
    """The file system of a path or URI, and the path within it."""
    if "://" not in uri:
        return pafs.LocalFileSystem(), uri
    scheme, rest = uri.split("://", 1)
    system, path = pafs.FileSystem.from_uri(f"{'s3' if scheme == 's3a' else scheme}://{rest}")
    return system, path


@dataclass(frozen=True)
class ReadTransactions:
    """The step that reads row groups, each whole file and group where the rows of `batches` say."""

    columns: ColumnMap
    homes: Homes | None
    with_labels: bool

    @property
    def wanted(self) -> list[str]:
        """The columns of the files that are read."""
        names = list(self.columns.columns.values())
        if self.with_labels and self.columns.labels:
            labels = self.columns.labels
            names += [name for name in (labels.is_fraud, labels.known_at) if name]
        return list(dict.fromkeys(names))

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """`ROW` with `EVENT` records; the key is the user.

        Args:
            batches: rows of `GROUP`.

        Raises:
            ColumnMapError: a column is absent or cannot be read as what it is mapped to.
            EngineError: a required column has gaps.
        """
        for table, first in _tables(batches, self.wanted):
            ours = mapped(table, self.columns, with_labels=self.with_labels)
            events, order = in_event_order(ours, self.homes, None)
            records = event_records(events)
            if "is_fraud" in ours.column_names:
                records["fraud"] = ours["is_fraud"].fill_null(False).to_numpy()[order]
                records["known"] = ours["known"].to_numpy()[order]
            ids = events.ids.combine_chunks()
            yield rows(events.user_identity[events.user], events.times, first + order, ids, records)


def event_records(events: EventColumns) -> NDArray[Any]:
    """`EVENT` records of transactions that nobody has reported."""
    records = np.zeros(len(events), EVENT)
    records["merchant"] = events.merchant_identity[events.merchant]
    records["amount"] = events.amounts
    for name in ("device", "country", "status", "distance", "foreign"):
        records[name] = getattr(events, name)
    return records


def read_reports(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """`ROW` per label of a fraud, its time the moment it became known, in labels of the lake's shape.

    Args:
        batches: rows of `GROUP`.
    """
    for table, _ in _tables(batches, LABEL_COLUMNS):
        frauds = table.filter(pc.fill_null(table["is_fraud"], False))
        known = encode.milliseconds(frauds["investigation_complete_time"])
        nothing = np.zeros(len(known), np.int64)
        ids = frauds["transaction_id"].cast(pa.string()).combine_chunks()
        yield rows(nothing, known, nothing + REPORT, ids, np.zeros(len(known), EVENT))


def _tables(batches: Iterator[pa.RecordBatch], wanted: list[str]) -> Iterator[tuple[pa.Table, int]]:
    """Parts of the row groups, and the place of their first row."""
    for batch in batches:
        for group in batch.to_pylist():
            system, path = file_system(group["path"])
            first = group["first"]
            with system.open_input_file(path) as opened:
                parts = pq.ParquetFile(opened).iter_batches(
                    BATCH_ROWS, row_groups=[group["row_group"]], columns=wanted
                )
                for part in parts:
                    yield pa.Table.from_batches([part]), first
                    first += part.num_rows


def _files(system: pafs.FileSystem, path: str, uri: str) -> list[str]:
    found = system.get_file_info(path)
    if found.type == pafs.FileType.File:
        return [path]
    files = []
    if found.type == pafs.FileType.Directory:
        inside = system.get_file_info(pafs.FileSelector(path, recursive=True))
        files = sorted(info.path for info in inside if info.type == pafs.FileType.File and _is_data(info))
    if not files:
        raise FileNotFoundError(f"{uri}: no Parquet file there; give a .parquet file or a folder of them")
    return files


def _is_data(info: pafs.FileInfo) -> bool:
    return info.base_name.endswith(".parquet") and info.base_name[0] not in "._"


def _uri(base: str, path: str) -> str:
    return path if "://" not in base else f"{base.split('://', 1)[0]}://{path}"
