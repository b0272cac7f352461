"""Decisions and what their transactions turned out to be."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pyarrow as pa

from processing.costs import DECISIONS, TRUTHS, Costs

COLUMNS = (
    "decision_id", "transaction_id", "decided_at", "decision", "decided_by", "amount", "currency",
    "model_version", "rules_live", "rules_shadow",
)  # fmt: skip
"""What is needed of a decision."""

OPEN = "open"
"""The truth of a transaction without a label that is too young to be called legitimate."""


def joined(decisions: pa.Table, labels: pa.Table, settled: datetime) -> pd.DataFrame:
    """The last decision of each transaction, with its ``truth``.

    Frauds get a label, and most others never do: without one a transaction is legitimate once it was decided
    before `settled`, and open until then.
    """
    made: pd.DataFrame = decisions.to_pandas()
    frame = made.sort_values(["decided_at", "decision_id"], kind="stable")
    frame = frame.drop_duplicates("transaction_id", keep="last").reset_index(drop=True)
    known = labels.to_pandas().set_index("transaction_id")["is_fraud"]
    label = frame["transaction_id"].map(known)
    unlabelled = np.where(frame["decided_at"] < pd.Timestamp(settled), TRUTHS[1], OPEN)
    truth = np.where(label.isna(), unlabelled, np.where(label.eq(True), TRUTHS[0], TRUTHS[1]))
    frame["truth"] = truth
    frame["labelled"] = label.notna()
    frame["currency"] = frame["currency"].fillna("unknown")
    frame["amount"] = frame["amount"].fillna(0.0)
    return frame


def add_money(frame: pd.DataFrame, costs: Costs) -> pd.DataFrame:
    """Columns ``cost``, of the decision that was made, and ``saved``, against approving; 0 while open.

    For each other decision too: ``saved_review`` and ``saved_decline``, if all had been decided so.
    """
    approved = _cost(frame, pd.Series("approve", frame.index), costs)
    frame["cost"] = _cost(frame, frame["decision"], costs)
    frame["saved"] = approved - frame["cost"]
    for decision in DECISIONS[1:]:
        frame[f"saved_{decision}"] = approved - _cost(frame, pd.Series(decision, frame.index), costs)
    return frame


def _cost(frame: pd.DataFrame, decision: pd.Series[str], costs: Costs) -> pd.Series[float]:
    total = pd.Series(0.0, frame.index)
    for (made, truth), cost in costs.items():
        cell = (decision == made) & (frame["truth"] == truth)
        total = total.where(~cell, cost.fixed + cost.part * frame["amount"])
    return total
