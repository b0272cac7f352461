"""The lake as Spark's workers read it: whole files, by the reader of BuildFeatures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.fs as pafs
from numpy.typing import NDArray

from pipelines.steps.lake import PROFILES, profile_versions, read_file
from processing.batch.frames import event_columns, profile_homes, require_complete
from processing.engines import encode
from processing.engines.homes import Homes
from processing.engines.spark.reading import event_records, file_system
from processing.engines.spark.rows import EVENT, REPORT, arrived
from processing.lake import LABELS, RAW_TRANSACTIONS

_ROWS_PER_FILE = 1 << 40
_FIRST, _NEVER = np.iinfo(np.int64).min, np.iinfo(np.int64).max

File = tuple[str, int]


def files_of(uri: str) -> list[File]:
    """The Parquet files below a prefix, each with the place of its first row, in the order of their paths.

    ``s3://bucket/a/b-`` finds what begins so, as a job's input does: the Feature Store adds to the name.
    """
    system, path = file_system(uri)
    folder, _, begins = path.rpartition("/") if not path.endswith("/") else (path.rstrip("/"), "", "")
    selector = pafs.FileSelector(folder, recursive=True, allow_not_found=True)
    found = [info.path for info in system.get_file_info(selector) if info.type == pafs.FileType.File]
    wanted = [one for one in found if one.endswith(".parquet") and one.startswith(f"{folder}/{begins}")]
    scheme = f"{uri.split('://', 1)[0]}://" if "://" in uri else ""
    ordered = sorted(wanted, key=lambda one: one.split("/"))
    return [(f"{scheme}{one}", number * _ROWS_PER_FILE) for number, one in enumerate(ordered)]


def read_homes(uri: str, as_of: datetime) -> Homes | None:
    """The homes of all profiles known at `as_of`; on the driver, and from there to every worker."""
    tables = [_read(path, "profiles", PROFILES) for path, _ in files_of(uri)]
    versions = profile_versions(pa.concat_tables([PROFILES.empty_table(), *tables]))
    return profile_homes(versions[versions["event_time"] <= as_of].reset_index(drop=True))


@dataclass(frozen=True)
class ReadTransactions:
    """The step that reads files of raw transactions."""

    homes: Homes | None

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """`ARRIVED` with `EVENT` records; the key is the user.

        Args:
            batches: paths of files, and the places of their first rows.

        Raises:
            StepError: a file cannot be read.
            ValueError: a required column has gaps; a currency or status is unknown.
        """
        for path, first in _files(batches):
            table = _read(path, "transactions", RAW_TRANSACTIONS)
            frame: pd.DataFrame = table.to_pandas()
            require_complete(frame)
            if frame.empty:
                continue
            events = event_columns(frame, self.homes)
            yield arrived(
                events.user_identity[events.user],
                events.times,
                first + np.arange(len(events)),
                table["arrival_time"].cast(pa.int64()).fill_null(_NEVER).to_numpy(),
                events.ids.combine_chunks(),
                event_records(events),
            )


@dataclass(frozen=True)
class ReadLabels:
    """The step that reads files of labels: the frauds known at `as_of`."""

    as_of: datetime

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """`ARRIVED` per label, before every transaction; its time is when it became known.

        Args:
            batches: paths of files, and the places of their first rows.

        Raises:
            StepError: a file cannot be read.
        """
        for path, _ in _files(batches):
            table = _read(path, "labels", LABELS)
            moments = table["investigation_complete_time"]
            is_known = pc.less_equal(moments.cast(pa.timestamp("us", "UTC")), pa.scalar(self.as_of))
            frauds = table.filter(pc.and_(pc.fill_null(table["is_fraud"], False), is_known))
            known = encode.milliseconds(frauds["investigation_complete_time"])
            nothing: NDArray[np.int64] = np.zeros(len(known), np.int64)
            ids = frauds["transaction_id"].cast(pa.string()).combine_chunks()
            yield arrived(
                nothing, known, nothing + REPORT, nothing + _FIRST, ids, np.zeros(len(known), EVENT)
            )


def _files(batches: Iterator[pa.RecordBatch]) -> Iterator[File]:
    for batch in batches:
        for file in batch.to_pylist():
            yield file["path"], file["place"]


def _read(path: str, name: str, schema: pa.Schema) -> pa.Table:
    system, place = file_system(path)
    with system.open_input_file(place) as opened:
        return read_file(opened, place.rpartition("/")[2], name, schema)
