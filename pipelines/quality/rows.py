"""Some rows of a frame, as a report can carry them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from pipelines.quality.check import MOST_ROWS


def some(frame: pd.DataFrame, columns: Sequence[str]) -> list[dict[str, Any]]:
    """The first rows: texts, numbers, and None for what is missing."""
    return [
        {str(name): _plain(value) for name, value in row.items()}
        for row in frame[list(columns)].head(MOST_ROWS).to_dict("records")
    ]


def _plain(value: Any) -> Any:
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return None
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    return value.item() if hasattr(value, "item") else value
