"""The model by amount, by country, and by how new a user is. Transactions have no merchant category."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import average_precision_score, roc_auc_score

from feature_groups import FEATURE_NAMES
from pipelines.steps.dataset import Dataset
from pipelines.steps.metrics import Scores, Target

_AMOUNTS = (0, 20, 100, 500, float("inf"))
_MOST_COUNTRIES = 10
_LEAST_SHARE = 0.01
_NEW_ACCOUNT = pd.Timedelta(days=30)

Rows = npt.NDArray[np.bool_]


def segments(
    scores: Scores, test: Dataset, review: float, production: Scores | None = None
) -> list[dict[str, Any]]:
    """Figures by segment; None where a segment has one class.

    Args:
        scores: [rows] of the test window.
        review: score from which a transaction is stopped.
        production: scores of the model in production, whose average precision stands beside.
    """
    found = []
    for group, name, rows in _chosen(test):
        if rows.any():
            segment = {"group": group, "segment": name, **_segment(scores[rows], test.target[rows], review)}
            if production is not None:
                segment["production_average_precision"] = _precision(production[rows], test.target[rows])
            found.append(segment)
    return found


def _chosen(test: Dataset) -> Iterator[tuple[str, str, Rows]]:
    column = {name: test.features[:, number] for number, name in enumerate(FEATURE_NAMES)}
    amount, foreign = column["amount"], column["foreign_country"]
    for low, high in pairwise(_AMOUNTS):
        within = (amount >= low) & (amount < high)
        yield "amount", f"amount {low:g} to {high:g}" if high < np.inf else f"amount from {low:g}", within
    yield from _countries(test.keys["country"])
    yield "place", "at home", foreign == 0
    yield "place", "abroad", foreign == 1
    yield "place", "home or place unknown", np.isnan(foreign)
    first = np.isnan(column["seconds_since_last_transaction"])
    yield "user", "first transaction in 90 days", first
    yield "user", "not the first", ~first
    age = test.keys["timestamp"] - test.keys["account_created_at"]
    new, known = (age < _NEW_ACCOUNT).to_numpy(), age.notna().to_numpy()
    yield "account", f"account younger than {_NEW_ACCOUNT.days} days", known & new
    yield "account", "older account", known & ~new
    yield "account", "age of account unknown", ~known


def _countries(country: pd.Series) -> Iterator[tuple[str, str, Rows]]:
    """The largest ones, those of too few transactions to tell anything together, and the unknown."""
    counts = country.value_counts()
    ranked = sorted(counts.index, key=lambda name: (-int(counts[name]), name))
    shown = [name for name in ranked[:_MOST_COUNTRIES] if counts[name] >= _LEAST_SHARE * len(country)]
    for name in shown:
        yield "country", f"in {name}", (country == name).to_numpy(bool)
    known = country.notna()
    yield "country", "in another country", (known & ~country.isin(shown)).to_numpy(bool)
    yield "country", "country unknown", (~known).to_numpy(bool)


def _segment(scores: Scores, target: Target, review: float) -> dict[str, Any]:
    frauds = int(target.sum())
    stopped = scores >= review
    both = 0 < frauds < len(target)
    return {
        "rows": len(target),
        "frauds": frauds,
        "auc": float(roc_auc_score(target, scores)) if both else None,
        "average_precision": _precision(scores, target),
        "recall": float(target[stopped].sum() / frauds) if frauds else None,
        "stopped": float(stopped.mean()),
    }


def _precision(scores: Scores, target: Target) -> float | None:
    both = 0 < target.sum() < len(target)
    return float(average_precision_score(target, scores)) if both else None
