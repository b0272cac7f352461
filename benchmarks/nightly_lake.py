"""A lake of the project's own generator, as a processing job finds it; for `benchmarks.nightly`."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from processing.generator import Scenario, generate
from processing.generator.scenario import DEFAULT_START
from processing.lake import LABELS, RAW_TRANSACTIONS

DAYS = 90
AS_OF = DEFAULT_START + timedelta(days=DAYS)
_ARRIVAL_MS = 2_000


def write(opt_ml: Path, events: int) -> None:
    """Transactions and labels a file a day, and the profiles, below the inputs of BuildFeatures."""
    data = generate(Scenario(events=events, days=DAYS))
    inputs = opt_ml / "processing" / "input"
    rows = data.transactions
    seen = rows["timestamp"]
    minor = np.rint(rows["amount"].to_numpy() * 100).astype(np.int64)
    arrived = pc.add(seen.cast(pa.int64()), _ARRIVAL_MS).cast(seen.type)
    rows = rows.append_column("amount_minor", pa.array(minor)).append_column("arrival_time", arrived)
    _write(rows.select(RAW_TRANSACTIONS.names).cast(RAW_TRANSACTIONS), "timestamp", inputs / "transactions")
    labels = data.labels.select(LABELS.names).cast(LABELS)
    _write(labels, "investigation_complete_time", inputs / "labels")
    assert data.users is not None
    began = pa.repeat(
        pa.scalar(DEFAULT_START - timedelta(days=1), pa.timestamp("ms", "UTC")), data.users.num_rows
    )
    (inputs / "profiles").mkdir(parents=True)
    pq.write_table(data.users.append_column("event_time", began), inputs / "profiles" / "profiles.parquet")


def _write(table: pa.Table, moment: str, folder: Path) -> None:
    days = pc.strftime(table[moment], "%Y-%m-%d")
    for day in pc.unique(days).to_pylist():
        path = folder / f"date={day}" / "part.parquet"
        path.parent.mkdir(parents=True)
        pq.write_table(table.filter(pc.equal(days, day)), path, compression="zstd")


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
