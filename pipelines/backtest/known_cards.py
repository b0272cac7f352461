"""Cards that are blocked already when a test begins, after the Fraud Detection Handbook (chapter 3).

A card with a fraud in the week of reference is known by the time of the test. On day k of the test (from 0)
so is a card with a fraud k days into the week of delay: day ``train_end + k - 1`` in the published code.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipelines.backtest.folds import DAY, Fold
from pipelines.backtest.rows import Rows


def without_known_cards(rows: Rows, fold: Fold) -> NDArray[np.int64]:
    """Indexes of the fold's test transactions, without those of cards that are blocked by then."""
    if fold.reference_start is None:
        window = rows.between(fold.test_start, fold.test_end)
        return np.arange(window.start, window.stop)
    blocked = _cards_with_fraud(rows, rows.between(fold.reference_start, fold.train_end))
    kept = []
    for number in range((fold.test_end - fold.test_start) // DAY):
        before = fold.train_end + (number - 1) * DAY
        blocked = np.union1d(blocked, _cards_with_fraud(rows, rows.between(before, before + DAY)))
        start = fold.test_start + number * DAY
        window = rows.between(start, start + DAY)
        day = np.arange(window.start, window.stop)
        kept.append(day[~np.isin(rows.user[day], blocked)])
    return np.concatenate(kept)


def _cards_with_fraud(rows: Rows, window: slice) -> NDArray[np.int32]:
    return np.unique(rows.user[window][rows.fraud[window] == 1])
