"""The transactions of the aggregates' windows, with amounts in major units."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pandas as pd
import pyarrow as pa

from feature_groups.aggregates import AGGREGATE_DAYS
from pipelines.steps.container import StepError
from processing.engines.encode import hundredths


def with_amounts(transactions: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    """The rows of the longest window, and their amounts in ``hundredths`` (int64).

    Raises:
        StepError: a currency is unknown.
    """
    rows = transactions[_since(transactions, as_of, max(AGGREGATE_DAYS))].reset_index(drop=True)
    currency = pa.chunked_array([pa.array(rows["currency"], pa.string())])
    try:
        amounts = hundredths(rows["amount_minor"].to_numpy("int64"), currency)
    except ValueError as error:
        raise StepError(f"transactions: {error}") from None
    return rows.assign(hundredths=amounts)


def over_windows(
    rows: pd.DataFrame, as_of: datetime, entity: str, aggregate: Callable[[pd.DataFrame], pd.DataFrame]
) -> pd.DataFrame:
    """`aggregate` of each window, side by side with the window's length in the names, one row per entity.

    Whole numbers of an entity without a row in a window are 0, everything else is missing.
    """
    entities = pd.Index(sorted(rows[entity].unique()), name=entity, dtype="str")
    parts = []
    for days in AGGREGATE_DAYS:
        found = aggregate(rows[_since(rows, as_of, days)])
        whole = [str(name) for name, kind in found.dtypes.items() if kind.kind == "i"]
        part = found.reindex(entities)
        part[whole] = part[whole].fillna(0).astype("int64")
        parts.append(part.add_suffix(f"_{days}d"))
    return pd.concat(parts, axis=1)


def _since(rows: pd.DataFrame, as_of: datetime, days: int) -> pd.Series:
    start = as_of - timedelta(days=days)
    return (rows["timestamp"] >= start) & (rows["timestamp"] < as_of)
