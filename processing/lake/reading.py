"""Reads the lake from a local folder, as a processing job receives it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from processing.lake.keys import partition_date
from processing.lake.schema import LABELS, RAW_TRANSACTIONS


def read_transactions(folder: Path, start: date | None = None, end: date | None = None) -> pd.DataFrame:
    """Raw transactions of the dates in ``[start, end)`` below `folder`, in order of arrival.

    Raises:
        pyarrow.ArrowInvalid: a file is no Parquet, or a column cannot become what the schema says.
    """
    return _read(folder, RAW_TRANSACTIONS, start, end, "arrival_time")


def read_labels(folder: Path, start: date | None = None, end: date | None = None) -> pd.DataFrame:
    """Labels that became known on the dates in ``[start, end)``, in the order they did."""
    return _read(folder, LABELS, start, end, "investigation_complete_time")


def _read(folder: Path, schema: pa.Schema, start: date | None, end: date | None, order: str) -> pd.DataFrame:
    files = [file for file in sorted(folder.rglob("*.parquet")) if _within(file, start, end)]
    # Each file alone: a folder name is a partition of the lake, not a column of its tables.
    tables = [pq.ParquetFile(file).read().select(schema.names).cast(schema) for file in files]
    table = pa.concat_tables([schema.empty_table(), *tables])
    frame: pd.DataFrame = table.sort_by([(order, "ascending"), ("transaction_id", "ascending")]).to_pandas()
    return frame


def _within(file: Path, start: date | None, end: date | None) -> bool:
    day = next(filter(None, (partition_date(part) for part in file.parts)), None)
    if day is None:
        return True
    return (start is None or day >= start) and (end is None or day < end)
