"""Feature tables in Parquet, read in pieces."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from processing.parity.tally import Positions, Values

ID = "transaction_id"
CHUNK = 32_768  # rows at a time: 13 MB of each table


class TableError(ValueError):
    """A file is no feature table; the message names the file, the column and the fix."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of a table: ``values[i]`` are the features of ``ids[i]``, the row ``positions[i]``."""

    positions: Positions
    ids: pa.Array
    values: Values

    def __len__(self) -> int:
        return len(self.ids)

    def split(self, at: int) -> tuple[Rows, Rows]:
        """The rows before `at`, and the others."""
        before, after = slice(None, at), slice(at, None)
        return (
            Rows(self.positions[before], self.ids[before], self.values[before]),
            Rows(self.positions[after], self.ids[after], self.values[after]),
        )


class FeatureTable:
    """A Parquet file, or the Parquet files below a folder in the order of their names."""

    def __init__(self, path: Path) -> None:
        self._files = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
        if not self._files or not self._files[0].exists():
            raise FileNotFoundError(f"{path}: no Parquet file here")
        schema = pq.read_schema(self._files[0])
        if ID not in schema.names:
            raise TableError(f"{self._files[0]}: no column {ID}; columns are {', '.join(schema.names)}")
        for field in schema:
            numeric = pa.types.is_floating(field.type) or pa.types.is_integer(field.type)
            if field.name != ID and not numeric:
                raise TableError(
                    f"{self._files[0]}: column {field.name} holds {field.type}: a feature is a number"
                )
        self.columns = [name for name in schema.names if name != ID]

    def read(self, columns: list[str]) -> Iterator[Rows]:
        """All rows in chunks; a column that this table lacks is NaN."""
        position = 0
        present = [name for name in columns if name in self.columns]
        for file in self._files:
            with pq.ParquetFile(file) as source:
                for batch in source.iter_batches(CHUNK, columns=[ID, *present]):
                    values = np.full((batch.num_rows, len(columns)), np.nan)
                    for column, name in enumerate(columns):
                        if name in self.columns:
                            numbers = batch.column(name).cast(pa.float64())
                            values[:, column] = numbers.to_numpy(zero_copy_only=False)
                    positions = np.arange(position, position + batch.num_rows, dtype=np.int64)
                    position += batch.num_rows
                    yield Rows(positions, batch.column(ID).cast(pa.string()), values)
