"""The data by day, as the reports show it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from feature_groups import FEATURE_NAMES
from pipelines.quality.daily import COLUMNS, Batch
from pipelines.quality.psi import Baseline

_LEAST_ROWS = 50


def by_day(batch: Batch) -> list[dict[str, Any]]:
    """Transactions of each day, and the share of missing values of each optional column."""
    return [
        {
            "day": f"{day:%Y-%m-%d}",
            "rows": int(row["rows"]),
            "missing": {name: round(float(row[f"missing_{name}"]), 4) for name in COLUMNS},
        }
        for day, row in batch.days.iterrows()
    ]


def drift_by_day(splits: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """PSI of every feature on each day after the training window against that window."""
    if not splits:
        return {"days": [], "psi": {}}
    train = splits["train"]
    later = pd.concat([splits["validation"], splits["test"]])
    days = {
        f"{day:%Y-%m-%d}": rows
        for day, rows in later.groupby(later["timestamp"].dt.floor("D"))
        if len(rows) >= _LEAST_ROWS
    }
    if train.empty or not days:
        return {"days": [], "psi": {}}
    baselines = {name: Baseline.of(train[name].to_numpy()) for name in FEATURE_NAMES}
    return {
        "days": list(days),
        "psi": {
            name: [round(baseline.psi(rows[name].to_numpy()), 4) for rows in days.values()]
            for name, baseline in baselines.items()
        },
    }
