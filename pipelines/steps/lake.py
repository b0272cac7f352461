"""Reads the lake's Parquet trees, whatever files and columns they happen to have."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.steps.container import StepError
from processing.lake import LABELS, RAW_TRANSACTIONS
from processing.lake.reading import conform

_MOMENT = pa.timestamp("ms", tz="UTC")

# The user-profile group's columns that features use, what segments users by the age of their account, and
# the mark the Feature Store sets itself.
PROFILES = pa.schema(
    [
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("event_time", _MOMENT, nullable=False),
        ("home_lat", pa.float64()),
        ("home_lon", pa.float64()),
        ("home_country", pa.string()),
        ("account_created_at", pa.string()),
        ("is_deleted", pa.bool_()),
    ]
)


def read_transactions(folder: Path) -> pd.DataFrame:
    """Raw transactions, one row per id, in event order; columns of `RAW_TRANSACTIONS`.

    Optional columns that the files lack are missing values. Of rows with the same id, which a
    replayed delivery leaves, the first that arrived is kept.
    """
    table = _read(folder, "transactions", RAW_TRANSACTIONS)
    order = [("arrival_time", "ascending"), ("timestamp", "ascending"), ("transaction_id", "ascending")]
    first = _frame(table.sort_by(order))
    kept = first.drop_duplicates("transaction_id").sort_values(["timestamp", "transaction_id"], kind="stable")
    return kept.reset_index(drop=True)


def read_labels(folder: Path) -> pd.DataFrame:
    """Every label, in the order the labels became known; columns of `LABELS`."""
    table = _read(folder, "labels", LABELS)
    order = [("investigation_complete_time", "ascending"), ("transaction_id", "ascending")]
    return _frame(table.sort_by(order))


def read_profiles(folder: Path) -> pd.DataFrame:
    """Every version of every user profile that was not deleted, in event order."""
    return profile_versions(_read(folder, "profiles", PROFILES))


def profile_versions(table: pa.Table) -> pd.DataFrame:
    """Of rows of `PROFILES` those not deleted, in event order."""
    deleted = pc.fill_null(table["is_deleted"], False)
    kept = table.filter(pc.invert(deleted)).drop_columns(["is_deleted"])
    return _frame(kept.sort_by([("event_time", "ascending"), ("user_id", "ascending")]))


def _frame(table: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas()
    return frame


def _read(folder: Path, name: str, schema: pa.Schema) -> pa.Table:
    files = sorted(folder.rglob("*.parquet")) if folder.is_dir() else []
    tables = [read_file(file, file.name, name, schema) for file in files]
    return pa.concat_tables([schema.empty_table(), *tables])


def read_file(file: Path | pa.NativeFile, file_name: str, name: str, schema: pa.Schema) -> pa.Table:
    """One file as `schema`, a null column for an optional one that it lacks.

    Args:
        file_name, name: of the file and of what it holds, for messages.

    Raises:
        StepError: it is not Parquet, lacks a required column, or a column is of another type.
    """
    # Opened one by one: partitions written months apart may differ in columns and types.
    try:
        with pq.ParquetFile(file) as source:
            present = set(source.schema_arrow.names)
            missing = [field.name for field in schema if not field.nullable and field.name not in present]
            if missing:
                raise StepError(
                    f"{name}: {file_name} has no column {', '.join(missing)}; write it or remove the file"
                )
            table = source.read(columns=[column for column in schema.names if column in present])
    except pa.ArrowInvalid as error:
        raise StepError(f"{name}: {file_name} is not a readable Parquet file: {error}") from None
    try:
        return conform(table, schema)
    except pa.ArrowInvalid as error:
        raise StepError(f"{name}: {file_name}, {error}") from None
