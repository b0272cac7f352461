"""What a table of the warehouse is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

Kind = Literal["id", "code", "text", "money", "moment", "date", "key", "count", "number", "flag"]

# Parquet that COPY takes: it knows no time zones, so moments are UTC by definition.
_ARROW: dict[Kind, pa.DataType] = {
    "id": pa.string(),
    "code": pa.string(),
    "text": pa.string(),
    "money": pa.decimal128(18, 2),
    "moment": pa.timestamp("ms"),
    "date": pa.date32(),
    "key": pa.int32(),
    "count": pa.int64(),
    "number": pa.float64(),
    "flag": pa.bool_(),
}
_SQL: dict[Kind, str] = {
    "id": "VARCHAR(64)",
    "code": "VARCHAR(32)",
    "text": "VARCHAR(256)",
    "money": "DECIMAL(18,2)",
    "moment": "TIMESTAMP",
    "date": "DATE",
    "key": "INTEGER",
    "count": "BIGINT",
    "number": "DOUBLE PRECISION",
    "flag": "BOOLEAN",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column; its kind says how Parquet (`arrow`) and Redshift (`sql`) hold it."""

    name: str
    kind: Kind
    description: str
    required: bool = False

    @property
    def arrow(self) -> pa.DataType:
        return _ARROW[self.kind]

    @property
    def sql(self) -> str:
        return _SQL[self.kind]


@dataclass(frozen=True, slots=True)
class Table:
    """A fact or a dimension.

    Attributes:
        distribution: the column whose equal values lie on one node, or ``ALL`` for a copy on each.
        sort: columns that rows are sorted by, in Parquet too.

    Raises:
        ValueError: a key is no column, or two columns have one name.
    """

    name: str
    description: str
    columns: tuple[Column, ...]
    distribution: str
    sort: tuple[str, ...]

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        if len(names) != len(set(names)):
            raise ValueError(f"{self.name}: two columns have one name; rename one")
        keys = [*self.sort, *([] if self.distribution == "ALL" else [self.distribution])]
        for key in keys:
            if key not in names:
                raise ValueError(f"{self.name}: {key} is no column; its keys are columns of its own")

    @property
    def schema(self) -> pa.Schema:
        """Of the table's Parquet files."""
        return pa.schema(
            [pa.field(each.name, each.arrow, nullable=not each.required) for each in self.columns]
        )
