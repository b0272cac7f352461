"""No column of the raw transactions that was filled in when the answer was known.

Such a column need not be a feature of its own transaction: a status that an investigation sets to declined
is history, too early, for every later transaction of the card.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
from sklearn.metrics import roc_auc_score

from pipelines.quality.check import Check, Problem
from pipelines.quality.daily import COLUMNS
from pipelines.quality.rows import some
from pipelines.quality.splits import TrainingSet
from pipelines.steps.targets import TARGET

_CERTAIN, _SUSPICIOUS = 0.999, 0.97
_LEAST_FRAUDS = 20
_MISSING = "(missing)"


def _look(data: TrainingSet) -> Iterator[Problem]:
    target = data.splits["train"][["transaction_id", TARGET]]
    rows = target.merge(data.transactions[["transaction_id", *COLUMNS]], on="transaction_id")
    older, newer = rows.iloc[: len(rows) // 2], rows.iloc[len(rows) // 2 :]
    if min(older[TARGET].sum(), newer[TARGET].sum()) < _LEAST_FRAUDS:
        return
    for name in COLUMNS:
        auc = _told(older, newer, name)
        if auc >= _SUSPICIOUS:
            yield Problem(
                "critical" if auc >= _CERTAIN else "warning",
                f"{name} of a transaction tells whether it is fraud (AUC {auc:.4f}): see whether it is "
                "filled in after the investigation",
                some(rows[rows[TARGET] == 1], ("transaction_id", name, TARGET)),
            )


def _told(older: pd.DataFrame, newer: pd.DataFrame, name: str) -> float:
    """AUC on newer rows of the share of frauds that the same value had among older ones.

    Ids of which each is seen once tell nothing so, though every one of them has its answer.
    """
    rates = older[TARGET].groupby(_values(older[name])).mean()
    told = _values(newer[name]).map(rates).fillna(older[TARGET].mean())
    return float(roc_auc_score(newer[TARGET], told))


def _values(column: pd.Series) -> pd.Series:
    if pd.api.types.is_numeric_dtype(column):
        return column.isna()  # a coordinate is seen once, but it may be filled in for some only
    return column.fillna(_MISSING)


CHECKS = (Check("leaked_column", "Was any column filled in when the answer was known?", _look),)
