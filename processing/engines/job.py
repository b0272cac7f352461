"""What every engine is asked to do, and what it answers. Standard library only."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

EngineName = Literal["embedded", "spark", "flink"]
ENGINES: tuple[EngineName, ...] = ("embedded", "spark", "flink")


class EngineError(RuntimeError):
    """An engine cannot do its job; the message says what is missing and how to get it."""


@dataclass(frozen=True, slots=True)
class FeatureJob:
    """Features of every transaction of a source, written as one Parquet file.

    Rows are replayed in event order: by time, rows of equal time in the order of the log. Of several rows
    with one ``transaction_id`` the first in the log counts.

    Attributes:
        source: a Parquet or CSV file, or a folder that `fraudline generate` wrote.
        columns: the column map of a file; None for a folder.
        out: the Parquet file to write: ``transaction_id`` (string) and every feature in model order
            (float64, NaN where missing), in event order.
        labels: a Parquet file of labels in the lake's shape, instead of those of the source.
        limit: only the first rows in event order; None for all.
    """

    source: Path
    columns: Path | None
    out: Path
    labels: Path | None = None
    limit: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """The job as JSON can carry it to another process; `from_dict` reads it."""
        return {k: str(v) if isinstance(v, Path) else v for k, v in asdict(self).items()}

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> FeatureJob:
        """The job that `as_dict` wrote."""
        paths = {k: None if fields[k] is None else Path(fields[k]) for k in ("columns", "labels")}
        return cls(
            Path(fields["source"]), paths["columns"], Path(fields["out"]), paths["labels"], fields["limit"]
        )


@dataclass(frozen=True, slots=True)
class Summary:
    """What a job did.

    Attributes:
        rows: transactions written.
        users, merchants: how many different ones the source has.
        seconds: wall time, reading and writing included.
        cpu_seconds: of the process and its children; None where an engine cannot tell.
        out: the file written.
    """

    engine: EngineName
    rows: int
    users: int
    merchants: int
    seconds: float
    cpu_seconds: float | None
    out: Path

    @property
    def rows_per_second(self) -> float:
        return self.rows / self.seconds if self.seconds else 0.0

    def as_dict(self) -> dict[str, Any]:
        """The summary as JSON can carry it."""
        return {**asdict(self), "out": str(self.out), "rows_per_second": round(self.rows_per_second)}
