"""Results that others published on the handbook's four folds, for comparison.

Source: Le Borgne, Siblini, Lebichot and Bontempi, *Reproducible Machine Learning for Credit Card Fraud
Detection: Practical Handbook* (2022), chapters 5 to 7; AUC ROC, average precision, card precision@100.
"""

from __future__ import annotations

from typing import NamedTuple


class Published(NamedTuple):
    """A row of the published tables."""

    name: str
    auc: float
    average_precision: float
    card_precision: float


HANDBOOK = (
    Published("best published in each column", 0.879, 0.694, 0.305),
    Published("XGBoost, chosen on validation", 0.869, 0.687, 0.303),
    Published("LSTM with attention", 0.874, 0.667, 0.295),
)
