"""A data set in canonical shape: the tables that the generator makes and a column map leads to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

_MS = pa.timestamp("ms", "UTC")

# `amount` is in major units; optional columns hold null where a source has no value.
TRANSACTIONS = pa.schema(
    [
        ("transaction_id", pa.string()),
        ("user_id", pa.string()),
        ("merchant_id", pa.string()),
        ("amount", pa.float64()),
        ("currency", pa.string()),
        ("timestamp", _MS),
        ("lat", pa.float64()),
        ("lon", pa.float64()),
        ("country", pa.string()),
        ("device", pa.string()),
        ("channel", pa.string()),
        ("status", pa.string()),
    ]
)
LABELS = pa.schema(
    [
        ("transaction_id", pa.string()),
        ("is_fraud", pa.bool_()),
        ("fraud_type", pa.string()),
        ("confidence", pa.float64()),
        ("investigation_complete_time", _MS),
    ]
)
USERS = pa.schema(
    [
        ("user_id", pa.string()),
        ("home_lat", pa.float64()),
        ("home_lon", pa.float64()),
        ("home_country", pa.string()),
        ("account_created_at", _MS),
    ]
)
TRUTH = pa.schema([("transaction_id", pa.string()), ("is_fraud", pa.bool_()), ("fraud_type", pa.string())])
_FIX = "give a folder that `fraudline generate` wrote, or a file with --columns"
_FILES = {"transactions": TRANSACTIONS, "labels": LABELS, "users": USERS, "truth": TRUTH}


@dataclass(frozen=True, slots=True)
class Dataset:
    """Transactions in time order, and what is known about them.

    Attributes:
        labels: in order of the time they became known; only investigated transactions.
        users: profiles; None where a source has none.
        truth: the answer for every transaction, row by row, never an input; None where a source has none.
    """

    transactions: pa.Table
    labels: pa.Table
    users: pa.Table | None = None
    truth: pa.Table | None = None

    @property
    def start(self) -> datetime:
        """Time of the first transaction."""
        return _moment(self.transactions["timestamp"][0])

    @property
    def end(self) -> datetime:
        """Time of the last transaction."""
        return _moment(self.transactions["timestamp"][-1])

    def between(self, start: datetime | None, end: datetime | None) -> Dataset:
        """Transactions of ``[start, end)``, and the labels that became known in that time."""
        chosen = _between(self.transactions["timestamp"], start, end)
        return replace(
            self,
            transactions=self.transactions.filter(chosen),
            labels=self.labels.filter(_between(self.labels["investigation_complete_time"], start, end)),
            truth=None if self.truth is None else self.truth.filter(chosen),
        )

    def moved_to_end_before(self, now: datetime) -> Dataset:
        """The same data moved by whole weeks, so that it ends within the week before `now`.

        Weekdays, hours and all distances in time stay as they are. Old data has to be moved before it
        is replayed: the online store forgets what is past its time to live.
        """
        weeks = (now - self.end) // timedelta(weeks=1)
        return Dataset(*(_moved(table, timedelta(weeks=weeks)) for table in self._tables()))

    def _tables(self) -> tuple[pa.Table | None, ...]:
        return self.transactions, self.labels, self.users, self.truth

    def write(self, folder: Path) -> list[Path]:
        """Write one Parquet file per table into `folder`; returns their paths."""
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        for name in _FILES:
            table = getattr(self, name)
            if table is not None:
                written.append(folder / f"{name}.parquet")
                pq.write_table(table, written[-1], compression="zstd")
        return written

    @classmethod
    def read(cls, folder: Path) -> Dataset:
        """Read what `write` wrote.

        Raises:
            FileNotFoundError: the folder has no transactions.parquet or labels.parquet.
            ValueError: a file lacks a column, or there are no transactions.
        """
        tables = {}
        for name, schema in _FILES.items():
            path = folder / f"{name}.parquet"
            if path.exists():
                table = pq.read_table(path)
                if absent := [column for column in schema.names if column not in table.column_names]:
                    raise ValueError(f"{path} has no column {', '.join(absent)}: {_FIX}")
                tables[name] = table.select(schema.names).cast(schema)
            elif name in ("transactions", "labels"):
                raise FileNotFoundError(f"{path} does not exist: {_FIX}")
        if not tables["transactions"].num_rows:
            raise ValueError(f"{folder} has no transactions: {_FIX}")
        return cls(**tables)


def _between(times: pa.ChunkedArray, start: datetime | None, end: datetime | None) -> pa.ChunkedArray:
    chosen = pc.is_valid(times)
    if start is not None:
        chosen = pc.and_(chosen, pc.greater_equal(times, pa.scalar(start, _MS)))
    if end is not None:
        chosen = pc.and_(chosen, pc.less(times, pa.scalar(end, _MS)))
    return chosen


def _moved(table: pa.Table | None, by: timedelta) -> pa.Table | None:
    if table is None:
        return None
    for index, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            milliseconds = pc.add(pc.cast(table[index], pa.int64()), by // timedelta(milliseconds=1))
            table = table.set_column(index, field, pc.cast(milliseconds, _MS))
    return table


def _moment(value: pa.Scalar) -> datetime:
    moment: datetime = value.as_py()
    return moment
