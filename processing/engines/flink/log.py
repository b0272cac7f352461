"""The log of a bounded job, as arrays on disk: what goes in, and the features that come out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from feature_groups import FEATURE_NAMES
from processing.engines.columns import EventColumns, FraudReports
from processing.engines.job import EngineError

CHUNK = 4_096


@dataclass(frozen=True)
class Log:
    """The arrays of a log, one memory-mapped file each."""

    folder: Path

    @classmethod
    def write(cls, folder: Path, events: EventColumns, frauds: FraudReports) -> Log:
        """Write a log for the job to read, and room for its features."""
        columns: tuple[NDArray[Any], ...] = (
            events.user_identity[events.user],
            events.merchant_identity[events.merchant],
            *(events.times, events.amounts, events.device, events.country, events.status),
            *(events.distance, events.foreign),
        )
        order = np.argsort(frauds.known, kind="stable")
        arrays: dict[str, NDArray[Any]] = {f"column{number}": column for number, column in enumerate(columns)}
        arrays |= {"fraud_merchant": frauds.merchant[order], "fraud_known": frauds.known[order]}
        arrays |= {
            "features": np.full((len(events), len(FEATURE_NAMES)), np.nan),
            "written": np.zeros((len(events), 2), np.bool_),  # by users, by merchants
        }
        for name, array in arrays.items():
            np.save(folder / f"{name}.npy", array)
        return cls(folder)

    def open(self, name: str, mode: Any = "r") -> Any:
        """One of the arrays, mapped into memory."""
        return np.load(self.folder / f"{name}.npy", mmap_mode=mode)

    def export(self, events: EventColumns, out: Path) -> None:
        """Write the features as Parquet, as a `FeatureJob` asks for.

        Raises:
            EngineError: the job left a row out.
        """
        missing = len(events) - int(np.load(self.folder / "written.npy").all(axis=1).sum())
        if missing:
            raise EngineError(f"the job wrote no features for {missing} of {len(events)} rows")
        features = np.load(self.folder / "features.npy", mmap_mode="r")
        columns = {"transaction_id": events.ids}
        columns |= {name: pa.array(features[:, at]) for at, name in enumerate(FEATURE_NAMES)}
        out.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table(columns), out, compression="zstd")
