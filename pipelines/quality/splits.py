"""The training set: what the checks of the training layer look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from pipelines.steps.windows import SPLITS, Windows


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """Rows with features and target, and the labels they come from.

    Attributes:
        splits: by name, oldest first: keys, target and features of each transaction.
        labels: those known at the as-of time.
        windows: the intervals of the splits.
        transactions: the lake's, whatever their time; columns of `RAW_TRANSACTIONS`.
    """

    splits: Mapping[str, pd.DataFrame]
    labels: pd.DataFrame
    windows: Windows
    transactions: pd.DataFrame

    @classmethod
    def of(
        cls, rows: pd.DataFrame, labels: pd.DataFrame, windows: Windows, transactions: pd.DataFrame
    ) -> TrainingSet:
        """Split rows by time."""
        bounds = {name: windows.bounds(name) for name in SPLITS}
        seen = rows["timestamp"]
        return cls(
            {name: rows[(seen >= start) & (seen < end)] for name, (start, end) in bounds.items()},
            labels,
            windows,
            transactions,
        )
