"""A small lake for the steps: enough history, labels that arrive late, and fraud worth finding."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

AS_OF = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
NIGHT = "2026-03-01T02:00:00Z"
ONE_DAY = timedelta(days=1)
DAYS = 45
USERS, MERCHANTS, PER_DAY = 80, 25, 160


def transactions(seed: int = 3) -> pd.DataFrame:
    """`DAYS` days of purchases that end at `AS_OF`; one in fifty is fraud, told by ``is_fraud``."""
    random = np.random.default_rng(seed)
    count = DAYS * PER_DAY
    seconds = np.sort(random.uniform(0, DAYS * 86_400, count))
    start = AS_OF - timedelta(days=DAYS)
    fraud = random.random(count) < 0.02
    users = random.integers(0, USERS, count)
    usual = 15 + 45 * (users / USERS)
    amounts = usual * random.lognormal(0, 0.35, count) * np.where(fraud, random.uniform(2, 9, count), 1)
    moments = pd.to_datetime([start + timedelta(seconds=float(s)) for s in seconds]).as_unit("ms")
    return pd.DataFrame(
        {
            "transaction_id": [f"t{index:06d}" for index in range(count)],
            "user_id": [f"u{user:03d}" for user in users],
            "merchant_id": [f"m{merchant:03d}" for merchant in random.integers(0, MERCHANTS, count)],
            "amount_minor": np.maximum(1, (amounts * 100).astype("int64")),
            "currency": "EUR",
            "timestamp": moments,
            "arrival_time": moments + pd.Timedelta(seconds=2),
            "country": np.where(fraud & (random.random(count) < 0.7), "BR", "BE"),
            "is_fraud": fraud,
        }
    )


def labels(rows: pd.DataFrame) -> pd.DataFrame:
    """A label for every transaction, known three to six days after it."""
    delay = 3 + (np.arange(len(rows)) % 4)
    return pd.DataFrame(
        {
            "transaction_id": rows["transaction_id"],
            "is_fraud": rows["is_fraud"],
            "confidence": 1.0,
            "investigation_complete_time": rows["timestamp"] + pd.to_timedelta(delay, unit="D"),
        }
    )


def write_lake(opt_ml: Path, rows: pd.DataFrame, known: pd.DataFrame) -> None:
    """Write both as the processing job finds them, one file a day."""
    _write(opt_ml, "transactions", rows.drop(columns="is_fraud", errors="ignore"), "timestamp")
    _write(opt_ml, "labels", known, "investigation_complete_time")


def _write(opt_ml: Path, name: str, frame: pd.DataFrame, moment: str) -> None:
    for day, part in frame.groupby(frame[moment].dt.strftime("%Y-%m-%d")):
        folder = opt_ml / "processing" / "input" / name / f"date={day}"
        folder.mkdir(parents=True, exist_ok=True)
        part.to_parquet(folder / f"part-{len(list(folder.iterdir()))}.parquet", index=False)
